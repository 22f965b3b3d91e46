"""What is asked of a cube, typed: the same request from ``mlcube``, ``franca run cube`` and Python."""

from __future__ import annotations

from franca.cube.definition import Override
from franca.model.light import NamedTuple


class Options(NamedTuple):
    """The command line's resource and isolation options; None = not given (section 11)."""

    network: str | None = None
    security: str | None = None
    gpus: str | None = None
    memory: str | None = None
    cpu: str | None = None
    mount: str | None = None


class Profile(NamedTuple):
    """How strictly and how safely a cube is run.

    ``PUBLISHED`` gives the engine exactly the words that the published tool gives, for people and
    programs that rely on them; ``FRANCA`` removes finished containers, maps the user, checks more.
    """

    remove: bool  #: delete containers when they have ended
    map_user: bool  #: run as the calling user, so that no file belongs to root
    missing_files: str  #: input files: "error", or "lenient" = an error only where their directory exists
    check_host_keys: bool
    sync_before: bool  #: bring inputs to a remote machine before every run
    strict: bool = False  #: a missing or empty promised output fails the run


PUBLISHED = Profile(remove=False, map_user=False, missing_files="lenient", check_host_keys=False, sync_before=False)
FRANCA = Profile(remove=True, map_user=True, missing_files="error", check_host_keys=True, sync_before=True)


class Request(NamedTuple):
    """One command about one cube."""

    cube: str = "."  #: path, git URL or archive
    platform: str = "docker"
    tasks: tuple[str, ...] = ()
    workspace: str = ""
    values: tuple[tuple[str, str], ...] = ()  #: NAME=VALUE words
    overrides: tuple[Override, ...] = ()
    override_words: tuple[str, ...] = ()  #: the same overrides as they were typed, to pass them on
    options: Options = Options()
    profile: Profile = PUBLISHED
    keep_going_without_files: bool = False  #: missing input files are only warned about
    offline: bool = False
    isolate: bool = False  #: inputs are read-only, and input files are mounted without the files beside them
