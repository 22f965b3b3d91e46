"""Writing content: new scripts, lint, tests, pages, adoption."""

from __future__ import annotations

from franca.cli.command import FORCE, Command, Example, Option

_GROUP = "Writing scripts"
_HERE = "franca.cli.commands.authoring:"

NEW = Command(
    name="new",
    group=_GROUP,
    summary="make a script that runs, with hooks, a native script and a test; or a cube that runs a script",
    usage="script [REPO:]NAME [--tags=A,B] | cube NAME --from-script=TAGS",
    handler=_HERE + "new",
    description=(
        "Without REPO: a script goes to the repository `local`. Change what is there; `franca test script` runs it. "
        "A cube is made in this folder; it holds the script with all that it may call for, and this Franca."
    ),
    options=(
        Option("tags", "its tags; the words of its name without them", metavar="A,B"),
        Option("dialect", "which family of metas and variables", metavar="NAME", choices=("classic", "new")),
        Option("category", "where it stands in lists", metavar="TEXT"),
        Option("from_script", "the script that the task of a new cube runs", metavar="TAGS", repeats=False),
        Option("inputs", "inputs of the script that are files, or with a slash folders, of the cube", metavar="A,B/"),
        Option("outputs", "inputs of the script that name places for results, in the same way", metavar="A,B/"),
        Option("pin", "fetch the script's repositories at their commits in place of taking scripts along"),
        Option("base_image", "what the cube's container is built on", metavar="IMAGE", repeats=False),
    ),
    examples=(
        Example("franca new script my-tool --tags=my,tool", "in the repository `local`"),
        Example("franca new script my-repo:my-tool", "in a repository of your own"),
        Example("franca new script my-tool --dialect=new", "with meta.yaml and MLC_ variables"),
        Example("franca new cube os --from-script='detect os'", "then: mlcube run --mlcube=os --platform=native"),
    ),
)

LINT = Command(
    name="lint",
    group=_GROUP,
    summary="find mistakes in scripts: keys, tags, variations, variables, shell",
    usage="[script NAME | repo NAME | PATH ...]",
    handler=_HERE + "lint",
    description=(
        "Without words: all scripts of the repository `local`. Status 1 when there are errors or warnings. "
        "A line with `# lint: ok` in a shell script is left alone."
    ),
    options=(
        Option("strict", "notes count as well", repeats=False),
        Option("rule", "only these rules", metavar="A,B", repeats=False),
    ),
    examples=(
        Example("franca lint script my-tool", "one script"),
        Example("franca lint repo mlcommons@cm4mlops --rule=misspelt-key", "one rule over a repository"),
        Example("franca lint . --json", "the script or repository in this folder, for programs"),
    ),
)

TEST = Command(
    name="test",
    group=_GROUP,
    summary="run the tests of a script: the inputs in its meta, and its tests folder",
    usage="script NAME [--tags=TAGS]",
    handler=_HERE + "test",
    description="Entries that need a container are left out, and said to be. The tests folder needs pytest.",
    options=(
        Option("tags", "the scripts with these tags", metavar="A,B"),
        Option(
            "index",
            "only the Nth entry of run_inputs, counted from 1; N+ for it and all after it",
            metavar="N",
            repeats=False,
        ),
        Option("id", "only the entry with this id", metavar="ID", repeats=False),
        Option("trust", "trust the repositories in use, this time and later"),
    ),
    free_options=True,
    examples=(
        Example("franca test script my-tool", "everything"),
        Example("franca test script my-tool --index=2", "the second entry of run_inputs"),
    ),
)

DOC = Command(
    name="doc",
    group=_GROUP,
    summary="write the page of a script: inputs, variations, dependencies, versions, exports",
    usage="script NAME | repo NAME [--check]",
    handler=_HERE + "doc",
    description="Writes README.md beside the meta. What a README-extra.md or info.md says is taken over.",
    options=(
        Option("check", "write nothing; status 1 when a page is not current", repeats=False),
        Option("print", "print the page instead of writing it", repeats=False),
        FORCE,
    ),
    examples=(
        Example("franca doc script my-tool", "README.md in its folder"),
        Example("franca doc repo local --check", "for continuous integration"),
    ),
)

ADOPT = Command(
    name="adopt",
    group=_GROUP,
    summary="propose a script for an existing project, and make it",
    usage="PATH [--name=NAME]",
    handler=_HERE + "adopt",
    takes_kind=False,
    description=(
        "Reads Makefile, requirements, pyproject.toml, Dockerfile, shell scripts and the commands in the README. "
        "Nothing of the project is executed while looking. Asks before writing."
    ),
    options=(
        Option("name", "name of the script; made from the folder's name without it", metavar="[REPO:]NAME"),
        Option("tags", "its tags", metavar="A,B"),
        Option("dialect", "which family of metas and variables", metavar="NAME", choices=("classic", "new")),
        Option("command", "the command that is the work, instead of the proposed one", metavar="LINE"),
        Option("dry_run", "print what would be written", repeats=False),
        Option("yes", "write without asking", short="y", repeats=False),
    ),
    examples=(
        Example("franca adopt . --dry-run", "what it makes of the project in this folder"),
        Example("franca adopt ~/my-project --yes", "make the script; then: franca run script my-project"),
    ),
)

COMMANDS = (NEW, LINT, TEST, DOC, ADOPT)
