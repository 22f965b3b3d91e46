"""The automations ``core``, ``utils`` and ``automation`` itself (CM core, sections 9.4 and 9.5)."""

from __future__ import annotations

import os

from franca.compat import content_data, content_misc, transfer, utils_actions
from franca.compat.automation import Automation
from franca.compat.content_files import write_whole
from franca.compat.results import Result, refusal
from franca.model.ids import AUTOMATION, CORE, UTILS
from franca.model.light import Any

_MODULE = '''"""Actions of the automation {name}: each takes an input dictionary and returns {{'return': 0, ...}}."""

from cmind.automation import Automation


class CAutomation(Automation):
    def __init__(self, cmind, automation_file):
        super().__init__(cmind, automation_file)

    def test(self, i):
        """Print what this action was given: {program} test {name} --key=value"""
        import json

        print(json.dumps(i, indent=2, default=str))
        return {{"return": 0}}
'''


class CoreAutomation(Automation):
    def uid(self, i: dict[str, Any]) -> Result:
        """uid core: print a fresh uid of 16 hexadecimal digits."""
        return utils_actions.uid(i)

    def init(self, i: dict[str, Any]) -> Result:
        """init: check for git, curl and wget, then pull the usual content repository (--skip: do not pull)."""
        import shutil

        for tool in ("git", "curl", "wget"):
            if i.get("out") == "con":
                print(f"{tool}: {shutil.which(tool) or 'not found'}")
        if i.get("skip") or i.get("min"):
            return {"return": 0}
        given: dict[str, Any] = {key: i[key] for key in ("url", "branch", "checkout") if key in i}
        repo = i.get("repo") or "mlcommons@cm4mlops"
        return self.cmind.access(
            {"action": "pull", "automation": "repo", "artifact": repo, "out": i.get("out", ""), **given}
        )


class AutomationAutomation(Automation):
    """Automations as artifacts: ``cm add automation [repo:]name``."""

    def add(self, i: dict[str, Any]) -> Result:
        """add automation [REPO:]NAME [--tags=..]: make an automation with a module to begin with."""
        words = content_data.convert_tags_to_list({"tags": i.get("tags", "")})
        newer = "control" in i  # through CMX: a YAML meta and the module that CMX prefers (CM core, section 9.4)
        result = super().add({**i, "tags": [*words, "automation"], "yaml": newer or i.get("yaml")})
        if result["return"] == 0:
            name = str(result["meta"].get("alias") or result["meta"]["uid"])
            module, program = ("modulex.py", "cmx") if newer else ("module.py", "cm")
            write_whole(os.path.join(result["path"], module), _MODULE.format(name=name, program=program))
        return result

    def doc(self, i: dict[str, Any]) -> Result:
        """doc automation: print all automations with their descriptions."""
        found = self.search({**i, "out": ""})["list"]
        if i.get("out") == "con":
            for one in found:
                print(f"{one.typed.ref}: {one.meta.get('desc', '')}".rstrip(": "))
        return {"return": 0, "list": found}


class UtilsAutomation(Automation):
    """Helpers that content calls as ``access({'action': ..., 'automation': 'utils'})``."""

    def get_host_os_info(self, i: dict[str, Any]) -> Result:
        """get-host-os-info utils: platform, batch extension and width of this machine."""
        return utils_actions.get_host_os_info(i)

    def download_file(self, i: dict[str, Any]) -> Result:
        """download-file utils --url=.. [--filename=..] [--path=..]: fetch a file."""
        return transfer.download_file(i)

    def unzip_file(self, i: dict[str, Any]) -> Result:
        """unzip-file utils --filename=.. [--path=..] [--strip_folders=N]: unpack a zip file."""
        return transfer.unzip_file(i)

    def compare_versions(self, i: dict[str, Any]) -> Result:
        """compare-versions utils --version1=.. --version2=..: -1, 0 or 1 as comparison."""
        return utils_actions.compare_versions(i)

    def system(self, i: dict[str, Any]) -> Result:
        """system utils --cmd=..: run a command line and keep what it prints."""
        return utils_actions.system(i)

    def uid(self, i: dict[str, Any]) -> Result:
        """uid utils: print a fresh uid."""
        return utils_actions.uid(i)

    def generate_secret(self, i: dict[str, Any]) -> Result:
        """generate-secret utils: print a random text for use as a secret."""
        return utils_actions.generate_secret(i)

    def copy_to_clipboard(self, i: dict[str, Any]) -> Result:
        """copy-to-clipboard utils --string=..: put a text on the clipboard."""
        return utils_actions.copy_to_clipboard(i)

    def json2yaml(self, i: dict[str, Any]) -> Result:
        """json2yaml utils --input=F.json [--output=..]: convert a file."""
        return utils_actions.json2yaml(i)

    def yaml2json(self, i: dict[str, Any]) -> Result:
        """yaml2json utils --input=F.yaml [--output=..]: convert a file."""
        return utils_actions.yaml2json(i)

    def sort_json(self, i: dict[str, Any]) -> Result:
        """sort-json utils --input=F.json [--output=..]: sort the keys of a file."""
        return utils_actions.sort_json(i)

    def dos2unix(self, i: dict[str, Any]) -> Result:
        """dos2unix utils --input=F [--output=..]: end lines with LF."""
        return utils_actions.dos2unix(i)

    def replace_string_in_file(self, i: dict[str, Any]) -> Result:
        """replace-string-in-file utils --input=F --string=.. --replacement=..: edit a text file."""
        return utils_actions.replace_string_in_file(i)

    def list_files_recursively(self, i: dict[str, Any]) -> Result:
        """list-files-recursively utils: all files below the current directory."""
        return utils_actions.list_files_recursively(i)

    def print_yaml(self, i: dict[str, Any]) -> Result:
        """print-yaml utils --file=F.yaml: print a YAML file as JSON."""
        return utils_actions.print_yaml(i)

    def print_json(self, i: dict[str, Any]) -> Result:
        """print-json utils --file=F.json: print a JSON file."""
        return utils_actions.print_json(i)

    def detect_tags_in_artifact(self, i: dict[str, Any]) -> Result:
        """detect-tags-in-artifact utils: turn an artifact with blanks into tags."""
        return utils_actions.detect_tags_in_artifact(i)

    def prune_input(self, i: dict[str, Any]) -> Result:
        """prune-input utils: an input dictionary without the keys of the call."""
        return utils_actions.prune_input(i)

    def get_current_date_time(self, i: dict[str, Any]) -> Result:
        """get-current-date-time utils: the time now, as numbers and as text."""
        return content_misc.get_current_date_time(i)

    def load_cfg(self, i: dict[str, Any]) -> Result:
        """load-cfg utils --tags=..: all artifacts of kind cfg with these tags, with their metas."""
        request = {"action": "find", "automation": "cfg,88dce9c160324c5d", "tags": i.get("tags", "")}
        result = self.cmind.access(request)
        if result["return"] > 0:
            return result
        if not result["list"]:
            return refusal("no configuration was found", 16)
        return {"return": 0, "lst": result["list"], "selection": [one.meta for one in result["list"]]}


BY_UID: dict[str, type[Automation]] = {
    CORE.uid: CoreAutomation,
    UTILS.uid: UtilsAutomation,
    AUTOMATION.uid: AutomationAutomation,
}
