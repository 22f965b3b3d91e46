"""Commands that bring content here and take it elsewhere."""

from __future__ import annotations

from franca.cli.command import FORCE, Command, Example, Option

_GROUP = "Repositories"

PULL = Command(
    name="pull",
    group=_GROUP,
    summary="clone a content repository, or bring it up to date",
    usage="repo [OWNER@NAME | URL | PATH] [--branch=B] [--checkout=C]",
    handler="franca.cli.commands.repositories:pull",
    description=(
        "OWNER@NAME is a GitHub repository, NAME alone one of mlcommons. URL may be any git address, a local "
        "folder or bare repository, or a .zip. Without a name: all registered repositories under git."
    ),
    options=(
        Option("url", "where to clone from, when the name is another one", metavar="URL"),
        Option("branch", "branch to check out", metavar="NAME"),
        Option("checkout", "commit or tag to check out", metavar="REF"),
        Option("new_branch", "branch to make before all else", metavar="NAME"),
        Option("dir", "register this directory of the clone", metavar="DIR"),
        Option("dir2", "the same, one level further: DIR/DIR", metavar="DIR"),
        Option("depth", "clone only so many commits", metavar="N"),
        Option("prefix", "sub-directory of the artifacts", metavar="DIR"),
        Option("desc", "one line about the repository", metavar="TEXT"),
        Option("pat", "access token for an https address; kept out of messages and files", metavar="TOKEN"),
        Option("checkout_only", "no pull, only the checkout"),
        Option("skip_zip_parent_dir", "leave out the top folder of a zip"),
        Option("deps", "pull the repositories that it needs as well"),
        FORCE,
    ),
    examples=(
        Example("franca pull repo mlcommons@cm4mlops", "the classic collection of MLPerf scripts"),
        Example("franca pull repo mlcommons@cm4mlops --branch=dev", "another branch"),
        Example("franca pull repo https://host.example/group/name.git", "any git address"),
        Example("franca pull repo", "bring everything up to date"),
    ),
)

IMPORT = Command(
    name="import",
    aliases=("register",),
    group=_GROUP,
    summary="register a directory that is here already as a repository",
    usage="repo [PATH]",
    handler="franca.cli.commands.repositories:register",
    description="The repository is looked for at PATH and above it; where there is none, one is made at PATH.",
    options=(Option("path", "the directory; the current one by default", metavar="DIR"),),
    examples=(
        Example("franca import repo ~/work/my-content", "a checkout of yours"),
        Example("franca register repo", "the current directory"),
    ),
)

PACK = Command(
    name="pack",
    group=_GROUP,
    summary="write a repository into one zip file",
    usage="repo NAME",
    handler="franca.cli.commands.repositories:pack",
    options=(Option("output", "the file to write; cm.zip by default", metavar="FILE"),),
    examples=(Example("franca pack repo my-repo", "cm.zip in the current directory, without .git"),),
)

UNPACK = Command(
    name="unpack",
    group=_GROUP,
    summary="make a repository from a packed one",
    usage="repo [FILE]",
    handler="franca.cli.commands.repositories:unpack",
    description="Members of the zip that would leave the new folder are refused.",
    examples=(Example("franca unpack repo cm.zip", "into the storage root, and register it"),),
)

DETECT = Command(
    name="detect",
    group=_GROUP,
    summary="which repository and artifact a directory belongs to",
    usage="repo [PATH]",
    handler="franca.cli.commands.repositories:detect",
    examples=(Example("franca detect repo .", "where am I"),),
)

TRUST = Command(
    name="trust",
    group=_GROUP,
    summary="allow the programs of a repository to run",
    usage="[REPO ...]",
    handler="franca.cli.commands.repositories:trust",
    takes_kind=False,
    description=(
        "Scripts, automations and tests of a repository are programs of its authors; they run once you have trusted "
        "the repository. Ours and `local` are trusted from the start. Without REPO: lists what is trusted."
    ),
    options=(Option("remove", "trust no longer"),),
    examples=(
        Example("franca trust mlcommons@cm4mlops", "from now on"),
        Example("franca trust", "what is trusted"),
        Example("franca trust mlcommons@cm4mlops --remove", "no longer"),
    ),
)

COMMANDS = (PULL, IMPORT, PACK, UNPACK, DETECT, TRUST)
