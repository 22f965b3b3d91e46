"""Planning and running scripts. The flags are those of the script engine (script engine, section 13)."""

from __future__ import annotations

from franca.cli.command import QUIET, Command, Example, Option

_GROUP = "Scripts"


def _engine(name: str, text: str, metavar: str = "", *, short: str = "", group: bool = False) -> Option:
    return Option(name, text, short=short, metavar=metavar, group=group, engine=True)


REQUEST = (
    _engine("tags", "the script by tags; _x for the variation x", "A,B,_X"),
    _engine("version", "exactly this version", "V"),
    _engine("version_min", "this version or a newer one", "V"),
    _engine("version_max", "this version or an older one", "V"),
    _engine("version_max_usable", "fall back to this version where a newer one would be taken", "V"),
    _engine("env", "a variable of the environment of the script", "VALUE", group=True),
    _engine("const", "a variable that nothing may change", "VALUE", group=True),
    _engine("state", "a value of the state", "VALUE", group=True),
    _engine("const_state", "a value of the state that nothing may change", "VALUE", group=True),
    _engine("adr", "inputs for a named dependency at any depth: --adr.NAME.version=V", "VALUE", group=True),
    _engine("ad", "inputs for a named dependency of this script", "VALUE", group=True),
    _engine("new", "make a new cache entry", ""),
    _engine("renew", "make the cache entry again"),
    _engine("skip_cache", "neither read nor write the cache"),
    _engine("force_cache", "cache even what is not declared as cacheable"),
    _engine("only_execute_from_cache", "fail rather than do work that is not cached"),
    _engine("extra_cache_tags", "tags for the cache entry", "A,B"),
    _engine("name", "name of the cache entry", "NAME"),
    QUIET,
)

EXECUTION = (
    _engine("path", "where to look for what the script finds", "DIRS"),
    _engine("input", "input file or directory of the script", "PATH"),
    _engine("output", "output file of the script", "PATH"),
    _engine("outdirname", "directory to run in and to leave results in", "DIR"),
    _engine("outbasename", "name of the output", "NAME"),
    _engine("fake_run", "run the dependencies only"),
    _engine("fake_deps", "record the dependencies without running them"),
    _engine("save_env", "leave the resulting environment as tmp-env.sh in the current directory"),
    _engine("shell", "end in an interactive shell with the resulting environment"),
    _engine("dirty", "keep temporary files"),
    _engine("ignore_script_error", "go on when a native script fails"),
    _engine("print_deps", "print one command for each dependency"),
    _engine("print_env", "print the environment before the work starts"),
    _engine("print_versions", "print the version of each step"),
    _engine("dump_version_info", "write the versions of all steps into a file"),
    _engine("repro", "leave a folder with all that is needed to repeat the run"),
    _engine("repro_prefix", "name of that folder", "NAME"),
    _engine("repro_dir", "where to make that folder", "DIR"),
    _engine("time", "print how long each step takes"),
    _engine("space", "print the disk space used"),
    _engine("skip_sudo", "never use sudo"),
    _engine("skip_sys_utils", "install nothing with the system's package manager"),
    _engine("accept_license", "accept licences that the script asks about"),
    _engine("debug_script", "keep the script that runs, so that it can be started by hand"),
    _engine("debug_script_tags", "the same for the scripts with these tags", "A,B"),
    _engine("pause", "wait for Enter at the end"),
    _engine("locked", "repeat the request of a lock file, with its versions: --locked or --locked=FILE"),
    _engine("trust", "trust the repositories in use, this time and later"),
    _engine("isolate_hooks", "run the hooks of scripts in a process of their own (FRANCA_ISOLATE_HOOKS=yes: always)"),
    Option("save_to_json", "write the result into a file as well", metavar="FILE"),
)

RUN = Command(
    name="run",
    group=_GROUP,
    summary="run a script with all that it needs",
    usage='[KIND] "TAGS" | NAME | UID | --tags=TAGS [INPUTS]',
    handler="franca.cli.commands.runs:run",
    description=(
        "Any further --KEY=VALUE is an input of the script; `franca show script X` lists them. What is in the "
        "cache is used again. For other kinds than scripts, runs the action `run` of that automation."
    ),
    options=(*REQUEST, *EXECUTION),
    free_options=True,
    takes_rest=True,
    examples=(
        Example('franca run "detect os"', "a script by the words of its tags"),
        Example('franca run "get python3" --version_min=3.10 --quiet', "with a version, without questions"),
        Example("franca run script detect-cpu --json", "by name; the result as JSON"),
        Example('franca run "download file" --url=https://host.example/f --env.CM_X=1', "with inputs"),
        Example("franca run script @request.json", "everything from a file"),
        Example("franca run --locked=franca.lock", "what `franca lock` has written down, in the same versions"),
    ),
    statuses=((2, "a native script failed; the message names its log"),),
)

PLAN = Command(
    name="plan",
    group=_GROUP,
    summary="say what a run would do and why, without doing it",
    usage='"TAGS" | NAME | UID | --tags=TAGS [INPUTS]',
    handler="franca.cli.commands.runs:plan",
    description="Nothing on disk or network changes. Steps that depend on what an earlier step finds out say so.",
    options=(
        *REQUEST,
        Option("dot", "as a graph for Graphviz", repeats=False),
        Option("mermaid", "as a Mermaid diagram", repeats=False),
        Option("why", "only the steps that match, and what decided each of them", metavar="STEP", repeats=False),
        Option("diff", "what differs from an earlier run or a stored plan", metavar="RUN|PLAN.json", repeats=False),
    ),
    free_options=True,
    examples=(
        Example('franca plan "get python3"', "a tree of steps with reasons"),
        Example('franca plan "run mlperf inference" --json', "for programs"),
        Example('franca plan "get ml-model digits" --mermaid', "a diagram for a page"),
        Example('franca plan "get ml-model digits" --why=python', "why Python is needed, and why that one"),
        Example('franca plan "get ml-model digits" --diff=last', "what would be different from the last run"),
    ),
)

COMMANDS = (RUN, PLAN)
