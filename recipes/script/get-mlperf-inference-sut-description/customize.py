"""Describes this machine in the fields of a submission's system description."""

from __future__ import annotations

import os
import platform

from franca.catalog.files import write_json_atomic
from franca.errors import FrancaError, UsageError
from franca.mlperf.inference.asked import text
from franca.mlperf.inference.system import describe
from franca.mlperf.inference.wishes import system_fields
from franca.mlperf.submission.build_system import Submitter, describe_system


def preprocess(i):
    """Write ``suts/NAME.json`` in the current folder; fields that ``hardware/NAME.json`` has are left as they are."""
    env, state = i["env"], i["state"]
    name = text(env, "CM_HW_NAME") or text(env, "CM_HOST_SYSTEM_NAME").replace("-", "_") or "default"
    backend, version = text(env, "CM_MLPERF_BACKEND"), text(env, "CM_MLPERF_BACKEND_VERSION")
    own = os.path.abspath(os.path.join("hardware", f"{name}.json"))
    try:
        if os.sep in name or name.startswith("."):
            raise UsageError(f"--name={name}: expected the name of a file")
        given = system_fields(own) if os.path.exists(own) else {}
        who = Submitter(text(env, "CM_MLPERF_SUBMITTER") or "MLCommons", "open", "edge", name)
        found = describe_system(
            who,
            describe(text(env, "CM_MLPERF_DEVICE") or "cpu"),
            {"python": text(env, "CM_PYTHON_VERSION") or platform.python_version()},
            " v".join(filter(None, (backend, version))),
            given,
        )
        path = os.path.abspath(os.path.join("suts", "-".join(filter(None, (name, backend, version))) + ".json"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        write_json_atomic(path, found.fields)
    except FrancaError as error:
        return {"return": error.status, "error": "\n".join(error.lines())}
    except OSError as error:
        return {"return": 1, "error": f"suts cannot be made in {os.getcwd()}: {error.strerror}"}
    state["CM_HW_META"], state["CM_SUT_META"] = given, dict(sorted(found.fields.items()))
    env["CM_HW_NAME"], env["CM_SUT_DESCRIPTION_FILE"] = name, path
    return {"return": 0}
