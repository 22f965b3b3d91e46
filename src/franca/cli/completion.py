"""Shell completion: small scripts that ask ``franca`` itself, and the answers."""

from __future__ import annotations

from collections.abc import Sequence

from franca.cli import registry
from franca.cli.command import COMMON, Command
from franca.cli.parsing import static_kind
from franca.cli.session import Session
from franca.errors import FrancaError, UsageError
from franca.grammar.suggest import hint
from franca.model.ids import WELL_KNOWN_KINDS, ObjectRef

#: The hidden action that the scripts call with the words before the cursor.
ASK = "__complete"

BASH = """\
# Completion of franca for bash. Use it with: eval "$(franca completion bash)"
_franca_complete() {
    local IFS=$'\\n'
    COMPREPLY=($(franca __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace
}
COMP_WORDBREAKS=${COMP_WORDBREAKS//[=:]/}
complete -o default -F _franca_complete franca
"""

ZSH = """\
#compdef franca
# Completion of franca for zsh. Use it with: eval "$(franca completion zsh)"
_franca_complete() {
    local -a found
    found=("${(@f)$(franca __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    compadd -Q -S '' -- ${found:#} || _files
}
compdef _franca_complete franca
"""

FISH = """\
# Completion of franca for fish. Use it with: franca completion fish | source
function __franca_complete
    set -l words (commandline -opc) (commandline -ct)
    franca __complete $words[2..-1] 2>/dev/null
end
complete -c franca -f -a '(__franca_complete)'
complete -c franca -n 'string match -q "@*" (commandline -ct)' -F
"""

SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}


def script(shell: str) -> str:
    """The completion script of a shell. Raises UsageError for an unknown one."""
    if shell not in SCRIPTS:
        near = hint(shell, SCRIPTS)
        raise UsageError(
            f"there is no completion for {shell or 'no shell'!r}" + (f" ({near})" if near else ""),
            hint="write: franca completion bash (or zsh, fish)",
        )
    return SCRIPTS[shell]


def candidates(words: Sequence[str], session: Session) -> list[str]:
    """What the last word may become, given the words before it."""
    *before, word = list(words) or [""]
    try:
        found = _candidates([w for w in before if not w.startswith(("-", "@"))], word, session)
    except (FrancaError, OSError):
        return []
    return [text for text in dict.fromkeys(found) if text.startswith(word)]


def _candidates(before: list[str], word: str, session: Session) -> list[str]:
    if not before:
        return _flags(None) if word.startswith("-") else list(registry.names())
    command = registry.command(before[0], static_kind(before[1]) if len(before) > 1 else "")
    kind = static_kind(before[1]) if len(before) > 1 else ""
    if word.startswith("--tags="):
        return _tags(word, kind or "script", session)
    if word.startswith("-"):
        return _flags(command)
    if command is None or not command.takes_kind:
        return _words(command)
    kinds = [known.alias for known in WELL_KNOWN_KINDS] if len(before) == 1 else []
    return kinds + _names(kind or "script", session)


def _flags(command: Command | None) -> list[str]:
    options = (*(command.options if command else ()), *COMMON)
    return [option.flag + ("." if option.group else "=" if option.metavar else "") for option in options]


def _words(command: Command | None) -> list[str]:
    if command is None:
        return []
    return list(SCRIPTS) if command.name == "completion" else list(registry.names()) if command.name == "help" else []


def _names(kind: str, session: Session) -> list[str]:
    if kind == "repo":
        return [repo.ref.alias for repo in session.catalog.repos()]
    return [row.ref.alias or row.ref.uid for row in session.catalog.rows(ObjectRef(kind))]


def _tags(word: str, kind: str, session: Session) -> list[str]:
    """``--tags=get,py`` -> ``--tags=get,python3``, ...: tags of artifacts that have the tags before."""
    given = word.removeprefix("--tags=").split(",")[:-1]
    start = "--tags=" + "".join(tag + "," for tag in given)
    rows = [row for row in session.catalog.rows(ObjectRef(kind)) if set(given) <= set(row.tags)]
    return [start + tag for tag in sorted({tag for row in rows for tag in row.tags} - set(given))]
