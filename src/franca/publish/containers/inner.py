"""The command that a container runs: the request again, in words that mean the same inside (section 15.4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from franca.grammar.shell import is_name, quote
from franca.model.dialect import Dialect

#: Keys of a call that are none of the script's.
_CALL = frozenset((
    "action", "automation", "artifacts", "cmd", "common", "details", "dry_run", "isolate_hooks", "j", "json", "out",
    "parsed_artifact", "parsed_artifacts", "parsed_automation", "quiet", "save_to_json", "tags", "artifact", "target",
    "unparsed_cmd",
))  # fmt: skip
_ALONE = ("docker", "dockerfile", "real_run", "files_to_copy_back", "path_to_copy_back_files")
_PREFIXES = ("docker_", "apptainer_", "remote_", "slurm_")
_HOST_ONLY_NEW = ("input", "output", "outdirname")
_SECRETS = {"gh_token": "GH_TOKEN", "hf_token": "HF_TOKEN"}
_SECRET_ENDS = ("TOKEN", "PASSWORD", "PASSWD", "SECRET", "API_KEY", "SECRET_KEY", "ACCESS_KEY")


def is_secret(key: str) -> bool:
    return key.upper().endswith(_SECRET_ENDS)


def secret_values(inputs: Mapping[str, Any]) -> set[str]:
    """The values in a request that must not be shown."""
    out: set[str] = set()
    for key, value in inputs.items():
        if isinstance(value, Mapping):
            out |= secret_values(value)
        elif (key in _SECRETS or is_secret(str(key))) and value:
            out.add(str(value))
    return out


class Inner:
    """One regenerated command line.

    Args:
        mounted: variables that name mounted places, with their paths inside.
        mapping: the script's ``input_mapping``: an input that is mapped to a mounted variable is rewritten.
        leave_out: inputs that mean nothing inside.
    """

    def __init__(
        self,
        inputs: Mapping[str, Any],
        dialect: Dialect,
        *,
        mounted: Mapping[str, str] = {},
        mapping: Mapping[str, str] = {},
        leave_out: Sequence[str] = (),
    ) -> None:
        self.inputs, self.dialect = inputs, dialect
        self.mounted, self.mapping, self.leave_out = mounted, mapping, frozenset(leave_out)
        self.secrets: dict[str, str] = {}  #: variables that the container is given, so that no command line has them

    def line(self, *more: str) -> str:
        """The command as a shell inside the container reads it; ``more`` are further flags."""
        words = ["mlcr"] if self.dialect.is_new else ["cm", "run", "script"]
        if self.inputs.get("artifact"):
            words.append(quote(str(self.inputs["artifact"])))
        if tags := self.inputs.get("tags"):
            words.append(quote("--tags=" + (tags if isinstance(tags, str) else ",".join(map(str, tags)))))
        for key in sorted(map(str, self.inputs)):
            if self._belongs(key):
                words += self._flags(key, self.inputs[key])
        words += [quote(f"--env.{key}={path}") for key, path in sorted(self.mounted.items())]
        return " ".join([*words, *more])

    def _belongs(self, key: str) -> bool:
        if key in _CALL or key in _ALONE or key in self.leave_out or key.startswith(_PREFIXES):
            return False
        if self.dialect.is_new and key in _HOST_ONLY_NEW:
            return False
        return "env" not in self.leave_out or key != "env"

    def _flags(self, key: str, value: Any) -> Iterator[str]:
        if key in _SECRETS:
            yield self._secret(f"--{key}=", _SECRETS[key], value)
        elif isinstance(value, Mapping):
            for name in sorted(map(str, value)):
                if key not in ("env", "const") or self._is_kept(name, value[name]):
                    yield from self._flags(f"{key}.{name}", value[name])
        elif isinstance(value, (list, tuple)):
            yield quote(f"--{key},=" + ",".join(map(str, value)))
        elif isinstance(value, bool):
            yield quote(f"--{key}" if value else f"--{key}-")
        elif value is not None:
            yield from self._scalar(key, value)

    def _scalar(self, key: str, value: Any) -> Iterator[str]:
        variable = key.partition(".")[2] if key.startswith(("env.", "const.")) else self.mapping.get(key, "")
        if variable in self.mounted:
            if not key.startswith("env."):
                yield quote(f"--{key}={self.mounted[variable]}")
        elif is_secret(variable or key):
            yield self._secret(f"--{key}=", variable or key.upper(), value)
        else:
            yield quote(f"--{key}={value}")

    def _secret(self, flag: str, variable: str, value: Any) -> str:
        """The flag with the value of a variable of the container."""
        name = variable if is_name(variable) else "FRANCA_SECRET_" + str(len(self.secrets))
        self.secrets[name] = str(value)
        return f'{flag}"${name}"'

    def _is_kept(self, key: str, value: Any) -> bool:
        """Section 15.4: what is only true on the host stays there."""
        if key.lstrip("+").startswith(self.dialect.key("TMP_")):
            return False
        if key in self.mounted:
            return False
        text = str(value)
        host = ("local/cache/", "MLC/repos/", "<<<") if self.dialect.is_new else ("local/cache/", "CM/repos/")
        return not any(part in text for part in host)
