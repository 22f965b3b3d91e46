"""Commands on artifacts of any kind: scripts, cache entries, automations, repositories."""

from __future__ import annotations

from franca.cli.command import FORCE, TAGS, Command, Example, Option

_WHAT = "[KIND] [REF] [--tags=TAGS]"
_TARGET = Option("dry_run", "say what would be done, without doing it", repeats=False)
_REPO_ONLY = ("repo",)

FIND = Command(
    name="find",
    aliases=("ls", "list", "search"),
    summary="list artifacts by name, pattern or tags",
    usage=_WHAT,
    handler="franca.cli.commands.artifacts:find",
    description=(
        "REF is a name, a uid, name,uid, a pattern with * or ?, each with REPO: before it if wanted. "
        "Words with blanks are tags. Prints one path per line; nothing, with status 0, when nothing fits."
    ),
    options=(
        TAGS,
        Option("long", "a table with name, tags and repository instead of paths", short="l", repeats=False),
        Option("full", "with --json: the meta of each artifact as well", repeats=False),
    ),
    examples=(
        Example("franca find script", "every script of every repository"),
        Example('franca find script "get-*"', "scripts by pattern"),
        Example("franca find script --tags=get,python3 --long", "scripts by tags, as a table"),
        Example("franca find cache --tags=get,dataset --json", "cache entries, for programs"),
        Example("franca find repo", "registered repositories"),
    ),
)

SHOW = Command(
    name="show",
    summary="print what is known about artifacts",
    usage=_WHAT,
    handler="franca.cli.commands.artifacts:show",
    description="Every artifact that fits is shown; none is an error.",
    options=(TAGS,),
    examples=(
        Example("franca show script get-python3", "tags, variations, inputs and dependencies of a script"),
        Example("franca show script --tags=detect,os --json", "the same by tags, with the whole meta"),
        Example("franca show cache --tags=get,python3", "what a cache entry exports"),
        Example("franca show repo local", "path, address and state of a repository"),
    ),
)

LOAD = Command(
    name="load",
    summary="print the meta of exactly one artifact",
    usage=_WHAT,
    handler="franca.cli.commands.artifacts:load",
    options=(TAGS, Option("yaml", "as YAML instead of JSON", repeats=False)),
    examples=(
        Example("franca load script detect-os", "the meta, after inheritance"),
        Example("franca load script detect-os --yaml", "as YAML"),
    ),
)

ADD = Command(
    name="add",
    summary="make a new artifact or repository",
    usage="[KIND] [REPO:]NAME[,UID] [--tags=TAGS] [--meta.KEY=VALUE]",
    handler="franca.cli.commands.artifacts:add",
    description="Without REPO: the artifact goes to the repository `local`.",
    options=(
        Option("tags", "tags of the artifact", metavar="A,B"),
        Option("meta", "a key of the meta; the whole as JSON with --meta=JSON", group=True),
        Option("yaml", "write YAML instead of JSON"),
        Option("path", "for a repository: where to make it", metavar="DIR", only_for=_REPO_ONLY),
        Option("here", "for a repository: in the current directory", only_for=_REPO_ONLY),
        Option("prefix", "for a repository: sub-directory of the artifacts", metavar="DIR", only_for=_REPO_ONLY),
        Option("desc", "for a repository: one line about it", metavar="TEXT", only_for=_REPO_ONLY),
        Option("uid", "for a repository: its uid", metavar="UID", only_for=_REPO_ONLY),
    ),
    examples=(
        Example("franca add script my-script --tags=my,script", "an empty script in the repository `local`"),
        Example("franca add repo my-repo", "a repository of your own"),
        Example("franca add demo my-repo:d1 --meta.level=2", "an artifact of your own kind, with meta"),
    ),
)

UPDATE = Command(
    name="update",
    summary="change the meta and the tags of artifacts",
    usage="[KIND] REF [--meta.KEY=VALUE] [--tags=TAGS]",
    handler="franca.cli.commands.artifacts:update",
    description="Lists are appended to, dictionaries merged. More than one artifact needs --force or a yes.",
    options=(
        Option("tags", "tags to add", metavar="A,B"),
        Option("remove_tags", "tags to remove", metavar="A,B"),
        Option("search_tags", "which artifacts, by tags", metavar="A,B"),
        Option("meta", "a key of the meta; the whole as JSON with --meta=JSON", group=True),
        Option("replace", "put this meta in the place of the old one"),
        Option("replace_lists", "replace lists instead of appending to them"),
        FORCE,
    ),
    examples=(
        Example("franca update script my-script --tags=new", "one more tag"),
        Example("franca update script my-script --meta.deps,= --replace-lists", "an empty list of dependencies"),
    ),
)

RM = Command(
    name="rm",
    aliases=("delete", "remove"),
    summary="delete artifacts; unregister repositories",
    usage=_WHAT,
    handler="franca.cli.commands.artifacts:remove",
    description=(
        "Asks before each deletion; without a terminal it refuses unless --force is given. "
        "A repository is only unregistered, its files stay, unless --all is given."
    ),
    options=(
        TAGS,
        FORCE,
        _TARGET,
        Option("all", "for a repository: delete its files as well", only_for=_REPO_ONLY),
    ),
    examples=(
        Example("franca rm cache --tags=get,dataset -f", "cache entries by tags, without asking"),
        Example("franca rm script my-script", "a script, after a question"),
        Example("franca rm repo mlcommons@cm4mlops --all", "a repository and its files"),
        Example("franca rm cache --dry-run", "what would go"),
    ),
)

MV = Command(
    name="mv",
    aliases=("move", "rename", "ren"),
    summary="rename an artifact or move it to another repository",
    usage="[KIND] REF [REPO:][NAME][,UID]",
    handler="franca.cli.commands.artifacts:move",
    options=(TAGS,),
    examples=(
        Example("franca mv script my-script better-name", "rename"),
        Example("franca mv script my-script my-repo:", "move to another repository"),
    ),
)

CP = Command(
    name="cp",
    aliases=("copy",),
    summary="copy an artifact under a new uid",
    usage="[KIND] REF [REPO:][NAME]",
    handler="franca.cli.commands.artifacts:copy",
    options=(TAGS, Option("new_tags", "tags to add to the copy", metavar="A,B")),
    examples=(
        Example("franca cp script detect-os local:my-detect-os", "a copy to change"),
        Example("franca cp script detect-os my-repo: --new-tags=mine", "into another repository"),
    ),
)

COMMANDS = (FIND, SHOW, LOAD, ADD, UPDATE, RM, MV, CP)
