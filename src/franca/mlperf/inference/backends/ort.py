"""The ONNX Runtime backend: any ONNX model with one input, batch on the first axis."""

from __future__ import annotations

import os
from typing import Any

from franca.mlperf.inference.backends.replicas import behind_one
from franca.mlperf.inference.plugs import Capabilities, PlugError

SMALL_MODEL_BYTES = 1 << 20  #: below this, a second thread costs more than it brings (measured, docs/performance.md)


def usual_threads(model: str) -> int:
    """Intra-op threads for a model file where the user does not say."""
    return 1 if os.path.getsize(model) < SMALL_MODEL_BYTES else (os.cpu_count() or 1)


class OrtBackend:
    """ONNX Runtime on one device.

    Args:
        model: path of the ``.onnx`` file.
        device: ``cpu`` or ``cuda``; ``cuda`` fails clearly when the provider is not in this build.
        threads: intra-op threads; 0 = one for a model under 1 MiB, else one per core.
        output: name of the output to return; "" = the first that has more than one axis, if there is one:
            published classifiers give the winning class as well, and give it first.
        inter_op: threads that run parts of the graph side by side, where ``parallel``; 0 = the runtime's choice.
        parallel: the runtime's parallel execution mode instead of one node after the other.
        replicas: sessions; as many calls never share one.
    """

    def __init__(
        self,
        model: str,
        device: str = "cpu",
        threads: int = 0,
        output: str = "",
        inter_op: int = 0,
        parallel: bool = False,
        replicas: int = 1,
    ) -> None:
        self.model = model
        self.device = device
        self.threads = threads
        self.output = output
        self.inter_op = inter_op
        self.parallel = parallel
        self.replicas = replicas

    def load(self) -> Capabilities:
        import onnxruntime

        session = self._opened(onnxruntime)
        inputs = session.get_inputs()
        if len(inputs) != 1:
            names = ", ".join(i.name for i in inputs)
            raise PlugError(f"model {self.model} has {len(inputs)} inputs ({names}); this backend takes one")
        self.input_name = inputs[0].name
        self.input_shape = tuple(inputs[0].shape)
        known = session.get_outputs()
        self.outputs = [self.output or next((one for one in known if len(one.shape) > 1), known[0]).name]
        self.session = session
        fixed = self.input_shape[0] if self.input_shape else 0
        return Capabilities(
            "onnxruntime",
            str(onnxruntime.__version__),
            str(session.get_providers()[0]),
            max_batch=fixed if isinstance(fixed, int) else 0,
        )

    def predict(self, batch: Any) -> Any:
        return self._run(self.outputs, {self.input_name: batch})[0]

    def _opened(self, onnxruntime: Any) -> Any:
        """The first session; ``_run`` calls any of them."""
        if not os.path.isfile(self.model):
            raise PlugError(f"model file {self.model} does not exist")
        sessions = [self._session(onnxruntime) for _ in range(self.replicas)]
        self._run = behind_one([session.run for session in sessions])
        return sessions[0]

    def _session(self, onnxruntime: Any) -> Any:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads or usual_threads(self.model)
        options.inter_op_num_threads = self.inter_op or (0 if self.parallel else 1)
        if self.parallel:
            options.execution_mode = onnxruntime.ExecutionMode.ORT_PARALLEL
        options.log_severity_level = 3
        try:
            return onnxruntime.InferenceSession(self.model, options, providers=self._providers(onnxruntime))
        except PlugError:
            raise
        except Exception as error:  # the runtime has no common base class for a broken model
            raise PlugError(f"model {self.model} cannot be opened by onnxruntime: {error}") from error

    def _providers(self, onnxruntime: Any) -> list[str]:
        wanted = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}.get(self.device)
        if wanted is None:
            raise PlugError(f"device {self.device!r} is not known to onnxruntime here (cpu, cuda)")
        available = onnxruntime.get_available_providers()
        if wanted not in available:
            raise PlugError(f"device {self.device}: this onnxruntime offers only {', '.join(available)}")
        return [wanted]
