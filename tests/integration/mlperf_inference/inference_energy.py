"""A good system under test on a machine whose kernel has an energy counter. Loaded in the child by name.

The counter is a folder of the same shape as the kernel's, which the machines of tests seldom let anybody read.
"""

from __future__ import annotations

import os

from franca.mlperf.power.estimate import EnergyMeter


class MeteredSut:
    def __init__(self, predictor, complete, root: str) -> None:
        self.predictor, self.complete = predictor, complete
        self.energy = os.path.join(root, "intel-rapl:0", "energy_uj")
        EnergyMeter.__init__.__defaults__ = (root,)

    def start(self) -> None:
        self._set(0)

    def issue(self, ids, indices) -> None:
        self._set(5_000_000)
        out = self.predictor.buffer(len(ids))
        self.predictor(indices, out)
        self.complete(ids, out)

    def flush(self) -> None:
        pass

    def stop(self) -> None:
        pass

    def _set(self, microjoules: int) -> None:
        with open(self.energy, "w", encoding="ascii") as out:
            out.write(f"{microjoules}\n")
