"""Identity of artifacts: uids, object references and the uids that the CM world has agreed on."""

from __future__ import annotations

from franca.model.patterns import matches
from franca.model.record import Record

_HEX = frozenset("0123456789abcdefABCDEF")


def is_uid(text: str) -> bool:
    """True for 16 hexadecimal digits of any case (CM core, section 3.3)."""
    return len(text) == 16 and _HEX.issuperset(text)


def is_pattern(text: str) -> bool:
    """True when ``text`` is a shell-style pattern rather than a name."""
    return "*" in text or "?" in text


class ObjectRef(Record):
    """An ``alias``, a ``uid``, or both, as in ``detect-os,863735b7db8c44fc``.

    ``alias`` may be a shell-style pattern when the reference is a request.
    """

    alias: str = ""
    uid: str = ""

    def __bool__(self) -> bool:
        return bool(self.alias or self.uid)

    def __str__(self) -> str:
        return f"{self.alias},{self.uid}" if self.alias and self.uid else self.alias or self.uid

    def selects(self, stored: ObjectRef) -> bool:
        """Whether this request names ``stored`` (CM core, section 4.2).

        Two uids decide alone; otherwise the aliases are compared without regard to case, as a
        pattern where this one holds ``*`` or ``?``. An empty alias selects everything, except
        that a uid-only request never selects a stored object without that uid.
        """
        if self.uid and stored.uid:
            return self.uid.lower() == stored.uid.lower()
        if self.uid and not self.alias:
            return False
        wanted = self.alias.lower()
        if not wanted:
            return True
        if is_pattern(wanted):
            return matches(stored.alias.lower(), wanted)
        return stored.alias.lower() == wanted


class Ref(Record):
    """A reference to artifacts: ``[repo:]name``."""

    name: ObjectRef = ObjectRef()
    repo: ObjectRef = ObjectRef()

    def __bool__(self) -> bool:
        return bool(self.name or self.repo)

    def __str__(self) -> str:
        return f"{self.repo}:{self.name}" if self.repo else str(self.name)


AUTOMATION = ObjectRef("automation", "bbeb15d8f0a944a4")
REPO = ObjectRef("repo", "55c3e27e8a140e48")
CORE = ObjectRef("core", "60cb625a46b38610")
SCRIPT = ObjectRef("script", "5b4e0237da074764")
CACHE = ObjectRef("cache", "541d6f712a6b464e")
UTILS = ObjectRef("utils", "dc2743f8450541e3")
EXPERIMENT = ObjectRef("experiment", "a0a2d123ef064bcb")
CFG = ObjectRef("cfg", "88dce9c160324c5d")
DOCKER = ObjectRef("docker", "2d90be7cab6e4d9f")
DOCS = ObjectRef("docs", "9558c9e6ca124065")
REPORT = ObjectRef("report", "6462ecdba2054467")
CHALLENGE = ObjectRef("challenge", "3d84abd768f34e08")
CONTRIBUTOR = ObjectRef("contributor", "68eae17b590d4f8f")
DATA = ObjectRef("data", "84d8ef6914bf4d78")
PROJECT = ObjectRef("project", "6882553224164c56")
CUBE = ObjectRef("cube", "c0be5a1d6f2e4b37")

#: Kinds that are known without an automation artifact on disk (CM core, section 9.6).
WELL_KNOWN_KINDS: tuple[ObjectRef, ...] = (
    AUTOMATION, REPO, CORE, SCRIPT, CACHE, UTILS, EXPERIMENT, CFG, DOCKER, DOCS, REPORT,
    CHALLENGE, CONTRIBUTOR, DATA, PROJECT, CUBE,
)  # fmt: skip

LOCAL_REPO_UID = "9a3280b14a4285c9"
INTERNAL_REPO_UID = "36b263b05174aef9"
