"""What a benchmark needs to be told, as data: the questions of ``franca bench inference``, in the order they are asked.

A question is asked on a terminal, listed in one message without one, and answered by its default with ``--quiet``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from franca.errors import UsageError

TRY, SUBMIT, PEAK = "try", "submission", "find-performance"
PURPOSES = (TRY, SUBMIT, PEAK, "performance", "accuracy")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")


class Question(msgspec.Struct, frozen=True):
    """One input. ``choices`` are the answers where there are any, with ``also`` for other names that are understood.

    ``several`` allows them with commas.
    """

    flag: str
    text: str
    default: str
    choices: tuple[str, ...] = ()
    several: bool = False
    purposes: tuple[str, ...] = PURPOSES
    also: tuple[str, ...] = ()

    def problem(self, answer: str) -> str:
        """Why an answer is none; '' when it is one."""
        words = [word.strip() for word in answer.split(",")] if self.several else [answer]
        known = {choice.lower() for choice in (*self.choices, *self.also)}
        if self.choices and not all(word.lower() in known for word in words):
            return f"expected {', '.join(self.choices)}" + (", or several with commas" if self.several else "")
        if not self.choices and not _NAME.fullmatch(answer):
            return "it names a folder: letters, digits and . _ + - are allowed"
        return ""

    def line(self) -> str:
        """The question with its answers, on one line."""
        known = f" ({', '.join(self.choices)})" if self.choices else ""
        return f"{self.text}{known} [{self.default}]: "


def questions(
    purpose: str, models: tuple[str, ...], scenarios: tuple[str, ...], aliases: tuple[str, ...] = ()
) -> list[Question]:
    """Those that a purpose needs answered. ``aliases`` are other names of models."""
    found = (
        Question("model", "Model", "digits" if purpose == TRY else "digits-cnn", models, also=aliases),
        Question("scenario", "Scenario", "all", (*scenarios, "all"), several=True),
        Question("device", "Device", "cpu", ("cpu", "cuda"), also=("gpu",)),
        Question("length", "Length: short for seconds, full for the official 600 s a scenario", "short",
                 ("short", "full"), purposes=(SUBMIT, "performance", "accuracy")),
        Question("division", "Division", "open", ("open", "closed", "network"), purposes=(SUBMIT,)),
        Question("category", "Category of the system", "edge", ("edge", "datacenter", "datacenter,edge"),
                 purposes=(SUBMIT,), also=("edge,datacenter",)),
        Question("submitter", "Submitter, the name of a folder", "TheCommunity", purposes=(SUBMIT,)),
        Question("hw_name", "Name of this machine, the name of a folder", "default", purposes=(SUBMIT,)),
    )  # fmt: skip
    return [question for question in found if purpose in question.purposes]


PURPOSE = Question("purpose", "What for", TRY, PURPOSES)


def answered(
    wanted: list[Question], given: Mapping[str, Any], ask: Callable[[Question], str] | None, *, quiet: bool
) -> dict[str, str]:
    """The answers: given ones, defaults with ``quiet``, else asked for.

    Args:
        ask: puts a question to a person; None when nobody is there.

    Raises:
        UsageError: an answer that is none, or, without anybody to ask, all that is missing in one message.
    """
    found: dict[str, str] = {}
    missing: list[Question] = []
    for question in wanted:
        text = str(given.get(question.flag, "")).strip()
        if not text and quiet:
            text = question.default
        if not text and ask:
            text = ask(question)
        if not text:
            missing.append(question)
        elif problem := question.problem(text):
            raise UsageError(f"--{question.flag}={text}: {problem}")
        else:
            found[question.flag] = text
    if missing:
        raise UsageError(_told(missing), hint="--quiet takes the values in brackets")
    return found


def _told(missing: list[Question]) -> str:
    flags = ", ".join(
        f"--{q.flag}={'|'.join(q.choices)} [{q.default}]" if q.choices else f"--{q.flag}=NAME [{q.default}]"
        for q in missing
    )
    return f"missing, and nobody is here to ask: {flags}"
