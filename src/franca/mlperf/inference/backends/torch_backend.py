"""The PyTorch backend: eager, TorchScript or compiled models on one device. ``torch`` is imported in ``load``."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterable
from typing import Any

from franca.mlperf.inference.backends.replicas import behind_one
from franca.mlperf.inference.plugs import Capabilities, PlugError

MODES = ("torchscript", "eager", "compile")


class TorchBackend:
    """A model of PyTorch.

    Args:
        model: a TorchScript file for ``torchscript``; for the others a file of weights (a state dictionary), or "".
        mode: ``torchscript``; ``eager``; ``compile``, which is eager through ``torch.compile``.
        factory: ``package.module:callable`` that returns the module, for ``eager`` and ``compile``.
        device: ``cpu``, ``cuda`` or ``cuda:N``; fails clearly when this PyTorch or this machine has none.
        threads: intra-op threads; 0 = PyTorch's own choice.
        inter_op: threads that run parts of the graph side by side; 0 = PyTorch's own choice.
        config: keywords for ``factory``.
        connector: ``factory`` is called with the content of ``model`` and ``config``, and answers
            ``{"return": 0, "model": module}``, as ``model_init`` of model code for CM does.
        replicas: copies of the module; as many calls never share one.
    """

    def __init__(
        self,
        model: str = "",
        mode: str = "torchscript",
        factory: str = "",
        device: str = "cpu",
        threads: int = 0,
        inter_op: int = 0,
        config: dict[str, Any] | None = None,
        connector: bool = False,
        replicas: int = 1,
    ) -> None:
        self.model = model
        self.mode = mode
        self.factory = factory
        self.device = device
        self.threads = threads
        self.inter_op = inter_op
        self.config = config or {}
        self.connector = connector
        self.replicas = replicas

    def load(self) -> Capabilities:
        if self.mode not in MODES:
            raise PlugError(f"mode {self.mode!r} is not known to PyTorch here ({', '.join(MODES)})")
        torch = self._started()
        self._call = behind_one([self._module(torch) for _ in range(self.replicas)])
        return Capabilities("pytorch", str(torch.__version__), str(self._device))

    def _module(self, torch: Any) -> Any:
        """A copy of the model, ready."""
        module = self._script(torch) if self.mode == "torchscript" else self._eager(torch)
        module = module.to(self._device).eval()
        return torch.compile(module) if self.mode == "compile" else module

    def _started(self) -> Any:
        """PyTorch, with the device and the threads chosen."""
        try:
            import torch
        except ImportError as error:
            raise PlugError(f"torch cannot be imported: {error}") from error
        self._torch = torch
        self._device = self._chosen(torch)
        if self.threads:
            torch.set_num_threads(self.threads)
        if self.inter_op:
            torch.set_num_interop_threads(self.inter_op)
        return torch

    def predict(self, batch: Any) -> Any:
        return self._first_output([batch]).cpu().numpy()

    def _first_output(self, arrays: Iterable[Any]) -> Any:
        """The first tensor that the module returns, alone, in a tuple or list, or in a dictionary."""
        torch = self._torch
        with torch.inference_mode():
            output = self._call(*(torch.from_numpy(array).to(self._device) for array in arrays))
            if isinstance(output, dict):
                return next(iter(output.values()))
            return output[0] if isinstance(output, (tuple, list)) else output

    def _chosen(self, torch: Any) -> Any:
        """The device, when it can be had."""
        name, _, number = self.device.partition(":")
        if name == "cpu" and not number:
            return torch.device("cpu")
        if name != "cuda" or (number and not number.isdigit()):
            raise PlugError(f"device {self.device!r} is not known to PyTorch here (cpu, cuda, cuda:N)")
        if not torch.backends.cuda.is_built():
            raise PlugError(f"device {self.device}: this PyTorch {torch.__version__} is built without CUDA")
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if count <= int(number or 0):
            raise PlugError(f"device {self.device}: PyTorch sees {count} CUDA devices on this machine")
        return torch.device(self.device)

    def _script(self, torch: Any) -> Any:
        if not os.path.isfile(self.model):
            raise PlugError(f"model file {self.model} does not exist")
        try:
            return torch.jit.load(self.model, map_location="cpu")
        except (RuntimeError, ValueError) as error:
            raise PlugError(f"model {self.model} is no TorchScript file: {str(error).splitlines()[0]}") from error

    def _eager(self, torch: Any) -> Any:
        module, _, attribute = self.factory.partition(":")
        if not attribute:
            raise PlugError(f"mode {self.mode} needs factory = package.module:callable, found {self.factory!r}")
        try:
            make = getattr(importlib.import_module(module), attribute)
            if self.connector:
                return self._connected(make(self._checkpoint(torch), self.config))
            made = make(**self.config)
        except (ImportError, AttributeError, TypeError) as error:
            raise PlugError(f"the model {self.factory!r} cannot be made: {error}") from error
        if self.model:
            self._load_weights(torch, made)
        return made

    def _connected(self, answer: Any) -> Any:
        """The module in the answer of a connector."""
        if not isinstance(answer, dict) or answer.get("return") or answer.get("model") is None:
            said = answer.get("error") if isinstance(answer, dict) else answer
            raise PlugError(f"the model {self.factory!r} cannot be made: {said or 'it answered no model'}")
        return answer["model"]

    def _load_weights(self, torch: Any, module: Any) -> None:
        content = self._checkpoint(torch)
        try:
            module.load_state_dict(content)
        except Exception as error:  # names, shapes and kinds of a wrong file alike
            raise PlugError(f"weights {self.model} do not fit {self.factory}: {error}") from error

    def _checkpoint(self, torch: Any) -> Any:
        """Weights only: a file of weights never runs code here."""
        if not os.path.isfile(self.model):
            raise PlugError(f"model file {self.model} does not exist")
        try:
            return torch.load(self.model, map_location="cpu", weights_only=True)
        except Exception as error:  # pickle, zip and key errors of a wrong file alike
            raise PlugError(f"weights {self.model} do not fit {self.factory}: {error}") from error


def first_line(error: BaseException) -> str:
    """What the error says, without what follows in further lines."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
