"""Events to steps, and plans against each other."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from franca.model import event as ev
from franca.model.plan import DEFER, REUSE, RUN, SKIP, Plan, Step
from franca.planner.diff import ADDED, CHANGED, REMOVED, compare, lines_of_plan, lines_of_run
from franca.planner.history import FAILED, steps_of


def started(label: str, depth: int = 0) -> ev.StepStarted:
    return ev.StepStarted(step=label, script=f"{label},1", path=f"/s/{label}", depth=depth)


def finished(label: str, depth: int = 0, version: str = "") -> ev.StepFinished:
    return ev.StepFinished(step=label, seconds=1.0, version=version, depth=depth)


def paths(*events: ev.Event) -> list[str]:
    return [" > ".join(step.path) for step in steps_of(events)]


def test_siblings_with_one_label_are_numbered() -> None:
    assert paths(
        started("a"), started("b", 1), finished("b", 1), started("b", 1), finished("b", 1), finished("a")
    ) == ["a", "a > b", "a > b#2"]  # fmt: skip


def test_a_run_that_a_hook_asked_for_belongs_to_its_step() -> None:
    events = [
        started("a"), started("b", 1), started("x"), started("y", 1), finished("y", 1), finished("x"),
        started("z"), finished("z"), finished("b", 1, "2.0"),
        started("c", 1), finished("c", 1), finished("a", 0, "1.0"),
    ]  # fmt: skip
    assert paths(*events) == ["a", "a > b", "a > b > x", "a > b > x > y", "a > b > z", "a > c"]
    assert [s.version for s in steps_of(events)] == ["1.0", "2.0", "", "", "", ""]


def test_a_step_that_failed_does_not_swallow_the_next_one() -> None:
    events = [started("a"), started("b", 1), started("c", 1), finished("c", 1), finished("a")]
    assert paths(*events) == ["a", "a > b", "a > c"]


def test_what_happened_to_a_step() -> None:
    events = [
        started("a"), started("b", 1), ev.CacheHit(step="b", path="/c", state_file="/s", depth=1),
        finished("b", 1, "3"),
        started("c", 1), ev.StepSkipped(step="c", reason="r", depth=1), finished("c", 1),
        started("d", 1), ev.NativeStarted(step="d", path="/d/run.sh", directory="/"),
        ev.StepErred(step="d", error="no", status=2),
    ]  # fmt: skip
    _, b, c, d = steps_of(events)
    assert (b.action, b.version, b.cache_path) == (REUSE, "3", "/c")
    assert c.action == SKIP
    assert (d.action, d.error, d.native) == (FAILED, "no", ("/d/run.sh",))


def plan(*children: Step, version: str = "", action: str = RUN) -> Plan:
    return Plan("", {}, Step("1", "top", action, version=version, script="top,1", steps=children))


def kinds(a: Plan, b: Plan) -> list[tuple[str, str, str, str]]:
    return [(c.kind, c.what, c.before, c.after) for c in compare(lines_of_plan(a), lines_of_plan(b))]


def test_differences() -> None:
    one = Step("1.1", "a", RUN, script="a,1", version="1", variations=("x",))
    other = Step("1.1", "a", REUSE, script="a,2", version="2", variations=("y",))
    assert kinds(plan(one), plan(other)) == [
        (CHANGED, "script", "a,1", "a,2"),
        (CHANGED, "version", "1", "2"),
        (CHANGED, "variations", "_x", "_y"),
        (CHANGED, "action", "run", "reuse"),
    ]
    assert kinds(plan(one), plan()) == [(REMOVED, "", "version 1", "")]
    assert kinds(plan(), plan(one)) == [(ADDED, "", "", "version 1")]
    assert kinds(plan(), plan(Step("1.1", "a", SKIP), Step("1.2", "b", DEFER))) == []


def test_nobody_looks_below_a_reused_step() -> None:
    below = Step("1.1", "a", RUN)
    assert kinds(plan(below), plan(action=REUSE)) == [(CHANGED, "action", "run", "reuse")]


def test_a_run_compares_with_a_plan() -> None:
    ran = lines_of_run(steps_of([started("top"), started("a", 1), finished("a", 1, "1"), finished("top")]))
    made = lines_of_plan(plan(Step("1.1", "a", RUN, script="a,1")))
    assert compare(ran, made) == (), "a version that is not known yet is no difference"


LABELS = st.sampled_from(["a", "b", "c"])
TREES = st.recursive(
    st.builds(
        lambda label, action, version: Step("1", label, action, version=version),
        LABELS, st.sampled_from([RUN, REUSE, SKIP]), st.sampled_from(["", "1", "2"]),
    ),
    lambda inner: st.builds(
        lambda label, below: Step("1", label, RUN, steps=tuple(below)), LABELS, st.lists(inner, max_size=3)
    ),
    max_leaves=8,
)  # fmt: skip


@given(TREES, TREES)
def test_no_difference_from_itself_and_every_addition_is_a_removal_the_other_way(a: Step, b: Step) -> None:
    one, two = lines_of_plan(Plan("", {}, a)), lines_of_plan(Plan("", {}, b))
    assert compare(one, one) == ()
    there = [(c.kind, c.path) for c in compare(one, two)]
    back = [(c.kind, c.path) for c in compare(two, one)]
    swap = {ADDED: REMOVED, REMOVED: ADDED, CHANGED: CHANGED}
    assert sorted((swap[k], p) for k, p in there) == sorted(back)
