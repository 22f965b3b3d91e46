"""Help of the CM and MLC command lines, made from the automations themselves."""

from __future__ import annotations

import inspect
from typing import Any

from franca.compat.automation import Automation

USAGE = """usage: cm ACTION AUTOMATION [NAME, UID, PATTERN or "words that are tags"] [flags] [@input.json] [-- words]

Common actions of every automation:
  find, ls, list   cm find script "get-*" --tags=a,-b
  load             cm load script detect-os
  add              cm add script my-script --tags=my,script
  update           cm update script my-script --meta.key=value
  mv, cp, rm       cm mv script old new; cm rm cache --tags=python -f
  info, help       cm info script detect-os; cm help script

Most used:
  cm run script "detect os" --out=json          (cmr "detect os" is the same)
  cm pull repo OWNER@NAME                        cm find repo
  cm show cache                                  cm rm cache -f

Flags: --k=v  --k (true)  --k- (false)  --k,=a,b (list)  --a.b=v (nested)  --out=con|json  -h"""

USAGE_OF_MLC = """usage: mlc ACTION TARGET [NAME, UID or TAGS] [flags]

Targets: script, cache, repo, experiment.

Most used:
  mlcr detect,os                       mlc run script --tags=detect,os
  mlcr get,python3 --version_min=3.9   with a version; --adr.NAME.tags=_x reaches dependencies
  mlcr detect,os -j                    the result as JSON
  mlc find script --tags=get,_x -p     mlc show script detect-os
  mlc show cache                       mlc rm cache --tags=python -f, mlc prune cache
  mlcp OWNER@NAME --branch=B           mlc pull repo OWNER@NAME
  mlc list repo                        mlc add repo PATH, mlc rm repo OWNER@NAME
  mlcd detect,os --docker_dry_run      in a container; mlca with Apptainer
  mlct detect,os                       the tests of a script

Flags: --k=v  --k (true)  --k,=a,b (list)  --a.b=v (nested)  --mlc_input_file=F  -v  -s  -j  -h"""

_HIDDEN = frozenset(("full_path", "meta", "path", "artifact", "cmind", "automation_file_path"))


def action_names(instance: Automation) -> list[str]:
    """The actions of an automation as they are typed."""
    names = [
        name.replace("_", "-")
        for name, member in inspect.getmembers(type(instance), callable)
        if not name.startswith("_") and name not in _HIDDEN
    ]
    return sorted({*names, "find", "rm", "mv", "cp"})


def automation_help(instance: Automation) -> str:
    """The actions of an automation, each with the first line of its docstring."""
    lines = [f"Automation {instance.artifact or 'common'}: {instance.full_path}", "", "Actions:"]
    for name, member in sorted(inspect.getmembers(type(instance), callable)):
        if not name.startswith("_"):
            lines.append(f"  {name.replace('_', '-')}: {_first_line(member)}".rstrip(": "))
    return "\n".join(lines)


def action_help(method: Any) -> str:
    return inspect.getdoc(method) or f"{getattr(method, '__name__', 'this action')} has no description"


def _first_line(member: Any) -> str:
    return (inspect.getdoc(member) or "").partition("\n")[0]
