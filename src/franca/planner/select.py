"""Which script a request means (script engine, section 3)."""

from __future__ import annotations

from franca.errors import ScriptNotFound, UsageError, VariationNotFound
from franca.model.dialect import Dialect
from franca.model.ids import INTERNAL_REPO_UID
from franca.model.light import TYPE_CHECKING
from franca.model.record import Record
from franca.model.script import CacheQuery, Request, Script
from franca.model.tags import ScriptQuery
from franca.planner.variations import Variations

if TYPE_CHECKING:
    from collections.abc import Sequence


class Remembered(Record):
    """A choice made earlier in the same run, taken again without asking."""

    tags: frozenset[str]
    uid: str  #: of the script, or of the cache entry
    of_cache: bool = False


def candidates(found: Sequence[Script], request: Request, *, home: Dialect) -> list[Script]:
    """The scripts among ``found`` that fit a request, best first.

    Those lacking a requested variation are left out; then those of the nearest repositories stay
    (see ``distance``), ordered by their ``sort`` key and path. Among our own recipes the lowest key wins: nobody is
    asked whether "run mlperf inference" means the benchmark or the checker, whose tags are the same and more.

    Raises:
        ScriptNotFound: nothing was found.
        VariationNotFound: something was found, but nothing with these variations.
    """
    wanted = request.query
    if not found:
        what = f"tags {wanted.tags}" if wanted.tags else f"name {request.artifact!r}"
        raise ScriptNotFound(f"no script matches {what}", hint="list what there is with: franca find script")
    names = [*wanted.variations, *wanted.excluded_variations]
    fitting = [s for s in found if all(_has(s, name) for name in names)]
    if not fitting:
        raise _lacking(found, names)
    nearest = min(distance(s, request.caller, home) for s in fitting)
    if nearest == _UNREACHABLE:
        asked = (request.caller.dialect if request.caller else home).name
        raise ScriptNotFound(
            f"no script of the {asked} dialect matches tags {wanted.tags}",
            hint=f"{fitting[0].alias} has them, but is of the {fitting[0].dialect.name} dialect, which a dependency "
            f"of the {asked} one cannot use: pull content of the {asked} dialect",
        )
    kept = [s for s in fitting if distance(s, request.caller, home) == nearest]
    return sorted(_own_choice(kept), key=lambda s: (_sort(s), s.path))


def refuse_contradiction(query: ScriptQuery) -> None:
    """Section 3.1: what is wanted may not be excluded as well."""
    both = [t for t in query.tags.include if t in query.tags.exclude]
    both += ["_" + v for v in query.variations if v in query.excluded_variations]
    if both:
        raise UsageError(f"tags {query}: {', '.join(both)} both wanted and excluded")


_UNREACHABLE = 9


def distance(script: Script, caller: Script | None, home: Dialect) -> int:
    """How far a script's repository is from who asks: 0 nearest.

    Our own recipes come first for our own callers and last for everybody else, so that pulled
    content behaves as it does with its own engine; content of the other dialect is out of reach for
    a dependency, because it would read none of the caller's keys.
    """
    internal = _is_own(script)
    if caller is None:
        return (0 if script.dialect is home else 2) if not internal else 1
    if script.dialect is not caller.dialect:
        return _UNREACHABLE
    return int(internal != _is_own(caller))


def _is_own(script: Script) -> bool:
    return script.repo.ref.uid == INTERNAL_REPO_UID or not script.repo.writable


def _own_choice(scripts: list[Script]) -> list[Script]:
    if not all(_is_own(script) for script in scripts):
        return scripts
    lowest = min(_sort(script) for script in scripts)
    return [script for script in scripts if _sort(script) == lowest]


def _has(script: Script, name: str) -> bool:
    return bool(Variations(script.variations, script=script.alias).key(name))


def _lacking(found: Sequence[Script], names: Sequence[str]) -> VariationNotFound:
    script = found[0]
    known = Variations(script.variations, script=script.alias or script.uid)
    for name in names:
        if not known.key(name):
            return known.missing(name)
    return VariationNotFound(f"no script has all of the variations {', '.join('_' + n for n in names)}")


def _sort(script: Script) -> int:
    try:
        return int(script.meta.get("sort") or 0)
    except (TypeError, ValueError):
        return 0


def selection_tags(request: Request) -> frozenset[str]:
    return frozenset(request.query.words()) or frozenset((request.artifact,))


def remembered(choices: Sequence[Remembered], scripts: Sequence[Script], request: Request) -> Script | None:
    """The script that the same tags chose earlier in this run, if it is among the candidates."""
    tags = selection_tags(request)
    for choice in choices:
        if not choice.of_cache and choice.tags == tags:
            for script in scripts:
                if script.uid == choice.uid:
                    return script
    return None


def selection_query(request: Request) -> CacheQuery:
    """The cache query that narrows several candidates down to those that have been made (3.6)."""
    query = request.query
    return CacheQuery(
        (*query.tags.include, *("_" + v for v in query.variations)),
        (*query.tags.exclude, *("_" + v for v in query.excluded_variations), "tmp"),
    )
