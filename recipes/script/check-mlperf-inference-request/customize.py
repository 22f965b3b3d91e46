"""Says what of a benchmark request cannot be met, before the steps after it fetch or install anything."""

from __future__ import annotations

from franca.errors import FrancaError
from franca.mlperf.inference.devices import check_device
from franca.mlperf.inference.wishes import read_wishes
from franca.mlperf.inference.workloads import workload_of
from franca.mlperf.inference.workloads.given import check_given


def preprocess(i):
    """Read the wishes as the benchmark will read them."""
    try:
        wishes = read_wishes(i["env"])
        check_given(workload_of(wishes.model), wishes.model, i["env"])
        if not wishes.servers:
            check_device(wishes.device)
    except FrancaError as error:
        return {"return": error.status, "error": "\n".join(error.lines())}
    return {"return": 0}
