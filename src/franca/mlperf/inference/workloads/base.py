"""What a workload is: the models of one task, and how the three parts of their benchmark are made."""

from __future__ import annotations

import os
import re
from typing import Any, ClassVar, NamedTuple, Protocol

from franca.errors import NotFound, UsageError
from franca.mlperf.inference import asked
from franca.mlperf.inference.asked import Env
from franca.mlperf.inference.profiles import TEST, TEST_QUERY_COUNT
from franca.mlperf.inference.spec import Ingredient, Part, Weights

MODEL_KEY = "CM_ML_MODEL_FILE_WITH_PATH"
DATA_KEY = "CM_MLPERF_DATASET_PATH"


class Model(NamedTuple):
    """A model by the name that users write."""

    name: str
    checked_as: str = ""  #: benchmark that it is; "" = a model of one's own
    kind: str = ""  #: what sets it apart in its workload: a variation of a recipe, a form of the input
    batch: int = 256  #: largest batch where none is asked for
    most: int = 0  #: largest batch that the published model takes; 0 = any
    stands_for: str = "resnet"  #: benchmark that a model of one's own is held to in the open division (13.4)
    generates: bool = False  #: answers token by token, and tells its first tokens
    tests: tuple[str, ...] = ()  #: for a plain --compliance=yes, where the benchmark it stands for has none
    sampled: int = 0  #: responses that TEST01 compares (section 9.2); 0 = as in most benchmarks
    weights: str = "fp32"  #: type of the weights as they are published
    missing: str = ""  #: why its weights cannot be fetched, where only the user can have them

    @property
    def config_name(self) -> str:
        """The name that entries of ``user.conf`` have: without the share of accuracy, without dots (section 2.5)."""
        return re.sub(r"-99(\.9)?$", "", self.name).replace(".", "_")


class Parts(NamedTuple):
    """What a benchmark is made of; ``dataset_name`` is for people."""

    benchmark: str
    dataset_name: str
    backend: Part
    dataset: Part
    metric: Part


class Sizes(Protocol):
    """What the rules of a benchmark say of its samples."""

    @property
    def performance_samples(self) -> int: ...


class Wishes(Protocol):
    """What the parts follow of a user's choices (``franca.mlperf.inference.wishes`` reads them)."""

    @property
    def backend(self) -> str: ...
    @property
    def device(self) -> str: ...
    @property
    def threads(self) -> int: ...
    @property
    def precision(self) -> str: ...
    @property
    def profile(self) -> str: ...
    @property
    def test_query_count(self) -> int: ...
    @property
    def performance_count(self) -> int: ...
    @property
    def rules(self) -> Sizes: ...


class Workload:
    """The models of one task. A subclass fills the fields in and says how the parts are made."""

    name: ClassVar[str]  #: as the recipe has it in CM_MLPERF_TASK
    models: ClassVar[tuple[Model, ...]]
    backends: ClassVar[tuple[str, ...]] = ("onnxruntime",)  #: that the models run with; the first is the usual one
    data_tags: ClassVar[str] = ""  #: of the recipe that gets the data
    data_key: ClassVar[str] = ""  #: where it says what it got
    takes: ClassVar[tuple[str, ...]] = ("dataset_path", "model_file")  #: flags for what the user has (see ``given``)
    given_data: ClassVar[tuple[str, ...]] = (DATA_KEY,)  #: keys with the user's own copy of the data
    patience_s: ClassVar[float] = 7 * 86_400.0  #: for the bare loop over all samples, see ``spec.RunSpec``
    precisions: ClassVar[tuple[str, ...]] = ("float32",)  #: that the models are run in
    inputs: ClassVar[str] = "fp32"  #: types of the models' inputs, where their file does not say
    trains: ClassVar[bool] = False  #: the models are trained by their recipe
    model_is: ClassVar[tuple[str, ...]] = ("file",)  #: a file, a folder, or either

    def parts(self, model: Model, wishes: Wishes, env: Env) -> Parts:
        """The parts over the files that ``env`` names.

        Raises:
            NotFound, UsageError: a file that the user gave is not there, or was needed and not given.
        """
        raise NotImplementedError

    def check_data(self, path: str) -> None:
        """Look at the user's copy of the data, which is there.

        Raises:
            NotFound, UsageError: it cannot be the right one.
        """

    def check_options(self, model: Model, env: Env) -> None:
        """Look at what the user says of a model of their own.

        Raises:
            UsageError: a word that means nothing, or nothing for this model.
        """

    def model_name(self, model: Model, env: Env) -> str:
        """The model as results have it."""
        return model.name

    def given_key(self, env: Env) -> str:
        """The key with the user's own copy of the data; "" where there is none."""
        return next((key for key in self.given_data if asked.text(env, key)), "")

    def given(self, env: Env) -> str:
        """The user's own copy of the data as an absolute path; "" where there is none."""
        return asked.path(env, self.given_key(env))

    def ingredients(self, model: Model, env: Env) -> list[Ingredient]:
        """Data set and model: what recipes got, or what the user gave."""
        given = self.given_key(env)
        tags, place = ("", given) if given else (self.data_tags, self.data_key)
        precision = asked.text(env, "CM_ML_MODEL_PRECISION")
        return [
            Ingredient("Data set", "given" if given else "", asked.text(env, place), tags),
            Ingredient("Model", precision, asked.text(env, MODEL_KEY), f"get,ml-model,{model.name}"),
        ]

    def weights(self, model: Model, env: Env) -> Weights:
        """What is known of the weights. Published ones are the reference's: the name of the model says so."""
        if self.trains:
            return Weights("yes", model.weights, self.inputs, "trained by a recipe")
        url = asked.text(env, "CM_ML_MODEL_URL").partition("?")[0]
        fetched = f"fetched by a recipe{f' from {url}' if url else ''}"
        origin = fetched if asked.text(env, "CM_ML_MODEL") else "given by the user"  # recipes of models set that key
        if model.missing and not model.checked_as:  # there is no reference that they could be
            return Weights("", "", self.inputs, origin)
        return Weights("no", model.weights, self.inputs, origin)


def engine(workload: Workload, wishes: Wishes, env: Env) -> dict[str, Any]:
    """Options that every backend takes."""
    return {"model": model_place(workload, env), "device": wishes.device, "threads": wishes.threads}


def samples(model: Model, wishes: Wishes) -> dict[str, int]:
    """How many samples there are, and are in memory at once; absent = as the data set has it."""
    found = {}
    if wishes.profile == TEST and model.checked_as:  # accuracy is then that of as many samples (section 16.6)
        found["count"] = wishes.test_query_count or TEST_QUERY_COUNT
    performance = wishes.performance_count or (wishes.rules.performance_samples if model.checked_as else 0)
    return {**found, **({"performance_count": performance} if performance else {})}


def model_place(workload: Workload, env: Env) -> str:
    """The model, found by a recipe or given. Raises UsageError, NotFound."""
    path = asked.path(env, MODEL_KEY)
    what = " or ".join(workload.model_is)
    if not path:
        raise UsageError("no model was found", hint=f"give one with --model_file={workload.model_is[0].upper()}")
    if kind_of(path) not in workload.model_is:
        raise NotFound(f"model {what} {path} does not exist")
    return path


def kind_of(path: str) -> str:
    """``file`` or ``folder``; "" where nothing is."""
    return "folder" if os.path.isdir(path) else "file" if os.path.exists(path) else ""


def existing(**place: str) -> dict[str, str]:
    """These options of a data set. Raises NotFound: a place that is not there, or was not named."""
    for what, path in place.items():
        if not path or not os.path.exists(path):
            raise NotFound(f"data set: {what} {path or '(not named)'} does not exist",
                           hint="give your copy with --dataset_path=PLACE")  # fmt: skip
    return place


def has_one_of(folder: str, names: tuple[str, ...]) -> None:
    """Raises NotFound unless one of these files is in the user's folder."""
    if not any(os.path.isfile(os.path.join(folder, name)) for name in names):
        raise NotFound(f"data set {folder}: has no {' or '.join(names)}", hint="see docs/how-to/benchmark-inference.md")
