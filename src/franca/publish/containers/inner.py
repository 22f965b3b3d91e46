"""The command that a container or another machine runs: the request again, in words that mean the same there
(script engine, section 15.4)."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from franca.errors import UsageError
from franca.grammar.shell import quote
from franca.model.dialect import Dialect

#: The variable that holds the inputs which no command line shows, as one JSON document.
SECRET_INPUTS = "FRANCA_SECRET_INPUTS"  # noqa: S105 - the name of a variable
#: Inputs of a script that name places of the host; in a container the new dialect has them as mounts (section 15.4).
HOST_PLACES = ("input", "output", "outdirname")
#: Action -> the program of the new dialect that does it.
PROGRAMS = {
    "run": "mlcr", "docker": "mlcd", "apptainer": "mlca", "experiment": "mlce",
    "slurm-run": "mlcsr", "slurm-docker": "mlcsd", "slurm-apptainer": "mlcsa", "slurm-experiment": "mlcse",
}  # fmt: skip
#: Keys of a call that are none of the script's.
_CALL = frozenset((
    "action", "automation", "artifacts", "cmd", "common", "details", "dry_run", "isolate_hooks", "j", "json", "out",
    "parsed_artifact", "parsed_artifacts", "parsed_automation", "quiet", "save_to_json", "tags", "artifact", "target",
    "unparsed_cmd", "mlc_input_file", "docker", "dockerfile", "real_run", "files_to_copy_back",
    "path_to_copy_back_files",
))  # fmt: skip
#: Inputs that say how an action is done (names, or beginnings of names), with the actions that read them.
_OF_ACTIONS = {
    "docker_": ("docker", "apptainer"), "apptainer_": ("apptainer",), "slurm_": ("slurm",), "remote_": (),
    "exp": ("experiment",), "exp_tags": ("experiment",), "exp_skip_state_save": ("experiment",),
}  # fmt: skip
_SECRETS = ("gh_token", "hf_token")
_SECRET_ENDS = ("TOKEN", "PASSWORD", "PASSWD", "SECRET", "API_KEY", "SECRET_KEY", "ACCESS_KEY")


def is_secret(key: str) -> bool:
    return key.upper().endswith(_SECRET_ENDS)


def secret_values(inputs: Mapping[str, Any]) -> set[str]:
    """The values in a request that must not be shown."""
    out: set[str] = set()
    for key, value in inputs.items():
        if isinstance(value, Mapping):
            out |= secret_values(value)
        elif is_secret(str(key)) and value:
            out.add(str(value))
    return out


class Inner:
    """One regenerated command line.

    A secret stands in no command line, there either: the group of inputs that holds one is read from
    ``SECRET_INPUTS`` through a pipe of the shell, which has to be bash.

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
        action: str = "run",
        mounted: Mapping[str, str] = {},
        mapping: Mapping[str, str] = {},
        leave_out: Collection[str] = (),
    ) -> None:
        if action not in PROGRAMS:
            raise UsageError(f"{action!r} is no action that can run elsewhere", hint=f"one of {', '.join(PROGRAMS)}")
        self.dialect, self.action = dialect, action
        self.mounted, self.mapping = mounted, mapping
        self.name = str(inputs.get("artifact") or "")
        tags = inputs.get("tags") or ""
        self.tags = tags if isinstance(tags, str) else ",".join(map(str, tags))
        kept = {str(key): inputs[key] for key in inputs if self._belongs(str(key)) and key not in leave_out}
        self.options = self._translated(kept)
        self.hidden = {key: value for key, value in self.options.items() if _holds_secret(key, value)}
        #: what the environment of the command has to hold, so that no command line does
        self.secrets = {SECRET_INPUTS: _document(self.hidden)} if self.hidden else {}

    def line(self, *more: str) -> str:
        """The command as a shell inside the container reads it; ``more`` are further flags."""
        new = self.dialect.is_new
        words = [PROGRAMS[self.action]] if new else ["cm", self.action, "script"]
        words += [quote(self.name)] if self.name else []
        words += [quote("--tags=" + self.tags)] if self.tags else []
        for key in sorted(self.options.keys() - self.hidden.keys()):
            words += map(quote, _flags(key, self.options[key]))
        if self.hidden:
            words.append(("--mlc_input_file=" if new else "@") + f'<(printf %s "${SECRET_INPUTS}")')
        return " ".join([*words, *more])

    def _belongs(self, key: str) -> bool:
        for prefix, actions in _OF_ACTIONS.items():
            if key == prefix or (prefix.endswith("_") and key.startswith(prefix)):
                return any(part in actions for part in (self.action, *self.action.split("-")))
        return key not in _CALL

    def _translated(self, options: dict[str, Any]) -> dict[str, Any]:
        """Values that are true there: mounted paths in place of the host's, and nothing that only exists here."""
        out: dict[str, Any] = {}
        for key, value in options.items():
            if key in ("env", "const") and isinstance(value, Mapping):
                kept = {str(name): one for name, one in value.items() if self._is_kept(str(name), one)}
                out |= {key: kept} if kept else {}
            else:
                out[key] = self.mounted.get(self.mapping.get(key, ""), value)
        if self.mounted:
            out["env"] = {**out.get("env", {}), **self.mounted}
        return out

    def _is_kept(self, key: str, value: Any) -> bool:
        """Section 15.4: what is only true on the host stays there."""
        if key.lstrip("+").startswith(self.dialect.key("TMP_")) or key in self.mounted:
            return False
        text = str(value)
        host = ("local/cache/", "MLC/repos/", "<<<") if self.dialect.is_new else ("local/cache/", "CM/repos/")
        return not any(part in text for part in host)


def _flags(key: str, value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name in sorted(map(str, value)):
            yield from _flags(f"{key}.{name}", value[name])
    elif isinstance(value, (list, tuple)):
        yield f"--{key},=" + ",".join(map(str, value))
    elif isinstance(value, bool):
        yield f"--{key}" if value else f"--{key}-"
    elif value is not None:
        yield f"--{key}={value}"


def _holds_secret(key: str, value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_holds_secret(str(name), one) for name, one in value.items())
    return is_secret(key) and bool(value) and not isinstance(value, bool)


def _document(inputs: Mapping[str, Any]) -> str:
    """JSON that is YAML, too: what the two spell differently is escaped in the way of both."""
    text = json.dumps(inputs, ensure_ascii=False, default=str)
    return "".join(char if char.isprintable() or ord(char) > 0xFFFF else f"\\u{ord(char):04x}" for char in text)
