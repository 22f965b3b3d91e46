"""The seam between the engine and a script's ``customize.py``.

The engine knows that hooks exist and what they may answer; how the file is loaded and what the
content sees (the CM dictionaries, the ``automation`` object) is the surface's business, which lives
in ``franca.compat`` and is handed to the engine by whoever makes it.
"""

from __future__ import annotations

from franca.model.artifact import Repo
from franca.model.dialect import Dialect
from franca.model.light import TYPE_CHECKING, Any, Protocol
from franca.model.script import Script

if TYPE_CHECKING:
    from collections.abc import Callable


class NativeCall(Protocol):
    """Runs a native script of the current step.

    ``script_name`` without extension (empty: ``run``); ``env`` is updated in place with what the
    script leaves in ``tmp-run-env.out``; with ``detect_version`` the ``detect_version`` hook is
    called afterwards and its reply returned. Raises NativeFailed; ``missing_ok`` makes a missing
    file fine. Returns the detected version ("" when none was asked for).
    """

    def __call__(
        self, script_name: str, env: dict[str, Any], *, detect_version: bool = False, missing_ok: bool = False
    ) -> str: ...


class HookContext:
    """What a hook works on: ``env``, ``state``, ``const``, ``const_state`` and ``meta`` are live, edited in place."""

    __slots__ = (
        "const", "const_state", "depth", "dialect", "directory", "env", "found_cached", "inputs",
        "meta", "natives", "quiet", "run_native", "run_script", "run_state", "script", "script_tags", "silent", "state",
        "variation_string", "variation_tags",
    )  # fmt: skip

    def __init__(
        self,
        *,
        script: Script,
        meta: dict[str, Any],
        env: dict[str, Any],
        state: dict[str, Any],
        const: dict[str, Any],
        const_state: dict[str, Any],
        inputs: dict[str, Any],
        variation_tags: list[str],
        variation_string: str,
        script_tags: list[str],
        directory: str,
        depth: int,
        quiet: bool,
        silent: bool,
        run_native: NativeCall,
        run_script: Callable[[dict[str, Any]], Any],
        run_state: dict[str, Any],
        found_cached: bool = False,
    ) -> None:
        self.script = script
        self.dialect: Dialect = script.dialect
        self.meta = meta
        self.env = env
        self.state = state
        self.const = const
        self.const_state = const_state
        self.inputs = inputs
        self.variation_tags = variation_tags
        self.variation_string = variation_string
        self.script_tags = script_tags
        self.directory = directory
        self.depth = depth
        self.quiet = quiet
        self.silent = silent
        self.run_native = run_native
        self.run_script = run_script
        self.run_state = run_state
        self.found_cached = found_cached


class HookReply:
    """What a hook answered. ``present`` is False when the script has no such function."""

    __slots__ = ("extra_cache_tags", "present", "redirect", "skip", "version")

    def __init__(
        self,
        *,
        present: bool = True,
        version: str = "",
        extra_cache_tags: tuple[str, ...] = (),
        skip: bool = False,
        redirect: dict[str, Any] | None = None,
    ) -> None:
        self.present = present
        self.version = version
        self.extra_cache_tags = extra_cache_tags
        self.skip = skip
        self.redirect = redirect


class HookSurface(Protocol):
    """Calls a hook of ``customize.py``: ``predeps``, ``preprocess``, ``postprocess`` or ``detect_version``.

    The current directory of the process is ``context.directory`` during the call. ``version`` may be
    the integer -1 in content, which the surface turns into the text "-1". Raises HookFailed with the
    hook's own return code, or with the file and line where it raised.
    """

    def call(self, hook: str, context: HookContext) -> HookReply: ...

    def check_trust(self, repo: Repo) -> None:
        """Raises Untrusted: nothing of this repository runs before the user agrees."""


class LateHooks:
    """A surface that is made when the first hook is to be called: many runs have none."""

    def __init__(self, make: Callable[[], HookSurface]) -> None:
        self._make = make
        self._made: HookSurface | None = None

    def call(self, hook: str, context: HookContext) -> HookReply:
        return self._surface().call(hook, context)

    def check_trust(self, repo: Repo) -> None:
        self._surface().check_trust(repo)

    def _surface(self) -> HookSurface:
        if self._made is None:
            self._made = self._make()
        return self._made


class NoHooks:
    """A surface for scripts without hooks: content that has them is refused by name."""

    def call(self, hook: str, context: HookContext) -> HookReply:
        return HookReply(present=False)

    def check_trust(self, repo: Repo) -> None:
        """Whoever uses the engine without a surface answers for the content."""
