"""Small repositories of scripts, and series of requests to them.

Hypothesis draws one number; everything else follows from it, because drawing every choice costs more than the runs
do; ``reduced`` makes a failing case small instead. Keys are written with the prefix ``P_``. What the specification
leaves open is not generated; a comment says so where it happens.
"""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.reference.nouns import Hook, RefScript
from tests.reference.text import Dialect

KEYS = ("P_A", "P_B", "P_C")
FILLED = ("P_D", "P_E")  #: their values may name one of KEYS; so no placeholder leads to another
VALUES = ("1", "2", "yes", "no", "")
VERSIONS = ("1.0", "1.2", "1.10", "2.0")
PLAIN, GROUPED = ("a", "b", "c"), ("g1", "g2", "d.#")
NAMES = ("x", "y")
CONDITIONS = ("enable_if_env", "skip_if_env", "enable_if_any_env", "skip_if_any_env")


@dataclass
class Case:
    """A repository and the requests that are made of it, one after another."""

    scripts: list[RefScript]
    requests: list[dict[str, Any]]

    def __repr__(self) -> str:
        lines = [f"{s.alias} {json.dumps(s.meta)} {s.hooks or ''}" for s in self.scripts]
        return "\n".join(["", *lines, *(f"> {json.dumps(r)}" for r in self.requests)])


class Draw:
    """Choices that follow from one number."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def of(self, *pool: Any) -> Any:
        return self._random.choice(pool)

    def number(self, low: int, high: int) -> int:
        return self._random.randint(low, high)

    def seldom(self, weight: int = 4) -> bool:
        """True one time in so many."""
        return self._random.randrange(weight) == 0

    def some(self, *pool: Any, most: int = 2) -> list[Any]:
        return self._random.sample(pool, self._random.randint(1, min(most, len(pool))))


def env_values(draw: Draw, *, filled: bool = True, lists: bool = True) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key in draw.some(*KEYS):
        out[key] = draw.of(*VALUES)
    if filled and draw.seldom(3):
        key = draw.of(*FILLED)
        out[key] = f"f<<<{draw.of(*KEYS)}>>>"
    if lists and draw.seldom():
        out["+P_L"] = draw.some("u", "v", "w")
    return out


def condition(draw: Draw) -> dict[str, Any]:
    keys = draw.some(*KEYS, "P_D")
    return {draw.of(*CONDITIONS): {key: draw.some(*VALUES, "TRUE", "0") for key in keys}}


def patch(draw: Draw) -> dict[str, Any]:
    """A value of ``ad`` or ``adr``. One tag at a time, because the order of appended tags is open."""
    out: dict[str, Any] = {}
    kind = draw.number(0, 4)
    if kind <= 1:
        out["tags"] = "_" + draw.of(*PLAIN)
    elif kind == 2:
        out["version"] = draw.of(*VERSIONS)
    elif kind == 3:
        out["env"] = env_values(draw, lists=False)
    else:
        out["version_max"] = draw.of(*VERSIONS)
    if draw.seldom():
        out.update(condition(draw))
    return out


def patches(draw: Draw) -> dict[str, Any]:
    return {name: patch(draw) for name in draw.some(*NAMES, most=1)}


class Author:
    """Writes the scripts ``s0`` to ``sN``; each depends on later ones only."""

    def __init__(self, draw: Draw, dialect: Dialect, count: int) -> None:
        self.draw, self.dialect, self.count = draw, dialect, count

    def dep(self, number: int) -> dict[str, Any]:
        draw = self.draw
        target = draw.number(number + 1, self.count - 1)
        tags = "shared" if number < self.count - 2 and draw.seldom(8) else f"s{target}"
        if draw.seldom():
            tags += ",_" + draw.of(*PLAIN, "g1", "g2", "d.7", "p.7")
        out: dict[str, Any] = {"tags": tags}
        if draw.seldom(2):
            out["names"] = draw.some(*NAMES)
        if draw.seldom(3):
            out.update(condition(draw))
        if draw.seldom():
            out["env"] = env_values(draw)
        if draw.seldom(6):
            out["update_tags_from_env_with_prefix"] = {"_p.": [draw.of(*KEYS)]}
        if draw.seldom(8):
            out["update_tags_from_env"] = ["P_T"]
        if draw.seldom(8):
            out["inherit_variation_tags"] = True
            if draw.seldom(2):
                out["skip_inherit_variation_groups"] = ["g"]
        for key, value in (("reuse_version", True), ("dynamic", True), ("force_env_keys", ["P_TMP_*", "P_C"]),
                           ("skip_if_fake_run", True), ("val", "mapped"), ("version", "1.2"), ("version_min", "1.1"),
                           ("extra_cache_tags", "extra")):  # fmt: skip
            if draw.seldom(12):
                out[key] = value
        return out

    def deps(self, number: int, most: int) -> list[dict[str, Any]]:
        if number + 1 >= self.count:
            return []
        return [self.dep(number) for _ in range(self.draw.number(1, most))]

    def lists(self, number: int, out: dict[str, Any], weight: int) -> None:
        """Dependency lists. ``weight``: one list in so many."""
        draw = self.draw
        for section, more in (("deps", 0), ("prehook_deps", 4), ("posthook_deps", 4), ("post_deps", 4)):
            if number + 1 < self.count and draw.seldom(weight + more):
                out[section] = self.deps(number, 3 if weight == 1 else 1)

    def block(self, number: int) -> dict[str, Any]:
        """What a variation, a version, and partly a script may say."""
        draw = self.draw
        out: dict[str, Any] = {"env": env_values(draw)} if draw.seldom(2) else {}
        if draw.seldom():
            out["default_env"] = env_values(draw, filled=False, lists=False)
        self.lists(number, out, 6)
        if draw.seldom(8):
            out["adr"] = patches(draw)
        if draw.seldom(12):
            out["ad"] = patches(draw)
        if draw.seldom(8):
            out["new_env_keys"] = [draw.of(*KEYS)]
        if draw.seldom(10):
            out["state"] = {"list": [f"n{number}"]}
        if draw.seldom(16):
            out["const"] = {draw.of(*KEYS): "const"}
        if draw.seldom(8):
            out["update_meta_if_env"] = [self.conditional()]
        return out

    def conditional(self) -> dict[str, Any]:
        return {**condition(self.draw), "env": env_values(self.draw, filled=False, lists=False)}

    def variations(self, number: int) -> dict[str, Any]:
        draw = self.draw
        out = {name: self.block(number) for name in PLAIN}
        out["a"] = {**out["a"], "env": {**out["a"].get("env", {}), "P_T": "_b"}}
        if draw.seldom():
            out["a"]["base"] = ["b"]
        if draw.seldom(6):
            out["b"]["base"] = ["p.5"]
        if draw.seldom(6):
            out["c"]["default_variations"] = {"g": draw.of("g1", "g2", "d.3")}
        if draw.seldom(6):
            out["b"]["default_version"] = draw.of(*VERSIONS)
        if draw.seldom():
            out["a,b"] = self.block(number)
        if draw.seldom():
            out["a,b,c"] = self.block(number)
        out["p.#"] = {"env": {"P_P": "#", **env_values(draw, filled=False)}}
        for name in GROUPED:
            out[name] = {"group": "g", "env": {"P_G": "#" if "#" in name else name}, **self.block(number)}
            out[name]["env"]["P_G"] = "#" if "#" in name else name
        if draw.seldom(2):
            out[draw.of("g1", "g2")]["default"] = True
        if draw.seldom(8):
            out["al"] = {"alias": "c"}
        return out

    def versions(self, number: int, out: dict[str, Any]) -> None:
        draw = self.draw
        if draw.seldom(2):
            out["versions"] = {v: self.block(number) for v in draw.some(*VERSIONS)}
            for made in out["versions"].values():
                made.pop("const", None)
        if draw.seldom(2):
            out["default_version"] = draw.of(*VERSIONS)
        for key in ("version_min", "version_max"):
            if draw.seldom(16):
                out[key] = draw.of(*VERSIONS)
                break

    def exports(self, out: dict[str, Any]) -> None:
        draw = self.draw
        keys = draw.some(*KEYS, *FILLED, "+P_L", "P_*", "P_T", "P_G", "P_P", "P_OUT", "P_V?RSION", "<<<P_T>>>", most=4)
        out["new_env_keys"] = [k for k in keys if k != "P_*" or draw.seldom()]
        if draw.seldom(2):
            out["new_state_keys"] = ["list"]

    def caching(self, out: dict[str, Any]) -> None:
        draw = self.draw
        kind = draw.number(0, 3)
        if kind <= 1:
            out["cache"] = True
        elif kind == 2:
            out["can_force_cache"] = True
        if draw.seldom(6):
            out["extra_cache_tags_from_env"] = [{"env": draw.of(*KEYS), "prefix": "k-"}]

    def meta(self, number: int) -> dict[str, Any]:
        draw = self.draw
        out: dict[str, Any] = {"tags": [f"s{number}"] + (["shared"] if number == self.count - 1 else [])}
        if number and number == self.count - 2 and draw.seldom(2):
            out["tags"].append("shared")
            out["sort"] = draw.number(-1, 1)
        if draw.seldom(2):
            out["env"] = env_values(draw)
        if draw.seldom(2):
            out["default_env"] = env_values(draw, filled=False)
        if draw.seldom():
            out["input_mapping"] = {"val": draw.of(*KEYS)}
        if draw.seldom(6):
            out["state"] = {"list": [f"m{number}"]}
        if draw.seldom(6):
            out["local_env_keys"] = [draw.of(*KEYS)]
        if draw.seldom(6):
            out["clean_env_keys_post_deps"] = ["P_TMP_*", draw.of(*KEYS)]
        if self.dialect.new and draw.seldom(6):
            out["update_meta_if_env"] = [self.conditional()]
        self.lists(number, out, 1)
        self.exports(out)
        self.caching(out)
        if draw.seldom(2):
            out["variations"] = self.variations(number)
            self.choices(out)
        self.versions(number, out)
        return out

    def choices(self, out: dict[str, Any]) -> None:
        draw = self.draw
        if draw.seldom(8):
            out["default_variation"] = "a"
        if self.dialect.new and draw.seldom(8):
            out["default_variations"] = {"g": draw.of("g1", "d.9")}
        if draw.seldom(12):
            out["invalid_variation_combinations"] = [["a", "c"]]
        if draw.seldom(20):
            out["valid_variation_combinations"] = [["a"], ["b"]]

    def hooks(self) -> dict[str, Hook]:
        draw = self.draw
        made = {}
        if draw.seldom(3):
            made["preprocess"] = Hook(env=env_values(draw, filled=False, lists=False))
            if draw.seldom(12):
                made["preprocess"].skip = True
        if draw.seldom(3):
            made["postprocess"] = Hook(env={"P_OUT": "out"}, version="3.1" if draw.seldom(3) else "")
            made["postprocess"].extra_cache_tags = ("added",) if draw.seldom() else ()
        return made

    def script(self, number: int, with_hooks: bool) -> RefScript:
        hooks = self.hooks() if with_hooks else {}
        return RefScript(f"s{number}", f"{number + 1:016x}", self.meta(number), hooks)

    def request(self) -> dict[str, Any]:
        draw = self.draw
        tags = "s0" + (",_" + draw.of(*PLAIN, "g1", "d.8", "p.6", "none") if draw.seldom(2) else "")
        tags += ",_" + draw.of(*PLAIN, "al") if draw.seldom() else ""
        tags += ",-_" + draw.of(*PLAIN, "g1") if draw.seldom(6) else ""
        out: dict[str, Any] = {"tags": tags, "quiet": True}
        if draw.seldom(2):
            out["env"] = env_values(draw)
        if draw.seldom(6):
            out["const"] = {draw.of(*KEYS): "const"}
        if draw.seldom():
            out["adr"] = patches(draw)
        if draw.seldom(12):
            out["ad"] = patches(draw)
        for key, value in (("val", "given"), ("version", "1.2"), ("version_min", "1.1"), ("version_max", "1.5"),
                           ("force_cache", True), ("skip_cache", True), ("fake_run", True), ("fake_deps", True),
                           ("renew", True), ("only_execute_from_cache", True), ("name", "Nn"),
                           ("extra_cache_tags", "e1,e2")):  # fmt: skip
            if draw.seldom(12):
                out[key] = value
        return out


def case_of(seed: int, dialect: Dialect, with_hooks: bool) -> Case:
    """Content and two to three requests, of which the first is made again at the end."""
    draw = Draw(seed)
    author = Author(draw, dialect, draw.number(2, 6))
    scripts = [author.script(n, with_hooks) for n in range(author.count)]
    requests = [author.request() for _ in range(draw.number(1, 2))]
    if not with_hooks:  # which version a hook will find is open in a plan, so it does not count on one in a range
        for script in scripts:
            script.meta = without_ranges(script.meta)
        requests = [without_ranges(r) for r in requests]
    return prefixed(Case(scripts, [*requests, requests[0]]), dialect)


def without_ranges(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: without_ranges(v) for k, v in value.items() if k not in ("version_min", "version_max")}
    return [without_ranges(v) for v in value] if isinstance(value, list) else value


def cases(dialect: Dialect, with_hooks: bool) -> st.SearchStrategy[Case]:
    return st.builds(lambda seed: case_of(seed, dialect, with_hooks), st.integers(0, 2**48))


def prefixed(case: Case, dialect: Dialect) -> Case:
    def change(value: Any) -> Any:
        return json.loads(re.sub("(?<![A-Z])P_", dialect.p, json.dumps(value)))

    for script in case.scripts:
        script.meta = change(script.meta)
        for hook in script.hooks.values():
            hook.env = change(hook.env)
    return Case(case.scripts, [change(r) for r in case.requests])


# -- making a failing case small ----------------------------------------------------------------------------------


def reduced(case: Case, fails: Callable[[Case], bool]) -> Case:
    """The case without everything that it fails without."""
    start = 0
    while True:
        for number, candidate in enumerate(_one_less(case)):
            if number >= start and fails(candidate):
                case, start = candidate, number
                break
        else:
            if not start:
                return case
            start = 0


def _one_less(case: Case) -> Iterator[Case]:
    for holder in ("scripts", "requests"):
        for number in range(len(getattr(case, holder))):
            made = copy.deepcopy(case)
            del getattr(made, holder)[number]
            if made.scripts and made.requests:
                yield made
    for number, script in enumerate(case.scripts):
        for meta in _parts(script.meta):
            if meta.get("tags"):
                made = copy.deepcopy(case)
                made.scripts[number].meta = meta
                yield made
        for hook in script.hooks:
            made = copy.deepcopy(case)
            del made.scripts[number].hooks[hook]
            yield made
    for number, request in enumerate(case.requests):
        for less in _parts(request):
            if less.get("tags"):
                made = copy.deepcopy(case)
                made.requests[number] = less
                yield made


def _parts(value: Any) -> Iterator[Any]:
    """The value with one entry of it, at any depth, left out; larger pieces first."""
    if isinstance(value, dict):
        for key in value:
            yield {k: v for k, v in value.items() if k != key}
        for key, inner in value.items():
            for less in _parts(inner):
                yield {**value, key: less}
    elif isinstance(value, list):
        for number in range(len(value)):
            yield value[:number] + value[number + 1 :]
        for number, inner in enumerate(value):
            for less in _parts(inner):
                yield [*value[:number], less, *value[number + 1 :]]
