"""A new script that runs, is clean for ``franca lint``, and has a test.

The text of the files is ours to shape: keys stand in the order in which people read them, which a dumped
mapping would lose.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence

import msgspec

from franca.catalog.catalog import Catalog
from franca.catalog.files import make_directory, write_text_atomic
from franca.catalog.names import new_uid
from franca.errors import Refused, UsageError
from franca.model.artifact import Artifact
from franca.model.dialect import Dialect
from franca.model.ids import SCRIPT, ObjectRef, Ref
from franca.model.tags import TagQuery, split_tags

_NAME_WORDS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_.")

META = """\
alias: {alias}
uid: {uid}
automation_alias: script
automation_uid: 5b4e0237da074764
category: {category}
tags:
{tags}
# With true the result is kept, and used again when the script is asked for with the same tags.
cache: false
# What the script leaves where it ran and nobody needs afterwards.
clean_files:
- tmp-{alias}.txt
# --text=... sets {key}_TEXT.
input_mapping:
  text: {key}_TEXT
input_description:
  text:
    desc: What to say
    default: hello
default_env:
  {key}_TEXT: hello
{deps}# Only these variables leave the script.
new_env_keys:
- {key}_RESULT
variations:
  loud:
    group: voice
    env:
      {key}_VOICE: loud
  plain:
    group: voice
    default: true
    env:
      {key}_VOICE: plain
tests:
  run_inputs:
  - text: from a test
  - variations_list:
    - loud
"""

DEPS = """\
# Scripts that run before this one. names: lets a caller reach them: --adr.os.version=...
deps:
- tags: detect,os
  names:
  - os
"""

HOOKS = '''\
"""What {alias} does before and after its native script."""


def preprocess(i):
    """Check and complete the environment; the native script sees it."""
    env = i["env"]
    if env["{key}_VOICE"] == "loud":
        env["{key}_TEXT"] = str(env["{key}_TEXT"]).upper()
    return {{"return": 0}}


def postprocess(i):
    """Look at what the native script has left; what new_env_keys names leaves the script."""
    with open("tmp-{alias}.txt", encoding="utf-8") as stream:
        i["env"]["{key}_RESULT"] = stream.read().strip()
    return {{"return": 0}}
'''

RUN = """\
#!/bin/bash
set -euo pipefail
printf '%s\\n' "${{{key}_TEXT}}" > tmp-{alias}.txt
"""

TEST = '''\
"""The script {alias}, run as a user runs it. Start with: franca test script {alias}"""

import json
import subprocess
import sys

import pytest


def run(cwd, *words):
    command = [sys.executable, "-m", "franca.cli.main", "run", "script", "{uid}", "--json", "--quiet", *words]
    done = subprocess.run(command, cwd=cwd, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["new_env"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [((), "hello"), (("--text=a 'b'",), "a 'b'"), (("--tags=_loud",), "HELLO")],
)
def test_it_says_what_it_is_told(tmp_path, words, expected):
    assert run(tmp_path, *words)["{key}_RESULT"] == expected
'''


class Scaffold(msgspec.Struct, frozen=True):
    """A new script: where it is and which files it has."""

    artifact: Artifact
    files: tuple[str, ...]


def new_script(
    catalog: Catalog, ref: Ref, tags: Sequence[str], *, dialect: Dialect, category: str = "Local scripts"
) -> Scaffold:
    """Make a script with the files above.

    Raises:
        AlreadyExists: there is one of this name in the repository.
        Refused: the name cannot be a folder and a file name in a shell.
        UsageError: the repository is of the other dialect.
    """
    alias = ref.name.alias
    check_name(alias)
    uid = ref.name.uid or new_uid()
    words = split_tags(tags) or tuple(w for w in alias.replace("_", "-").split("-") if w)
    key = dialect.key(env_name(alias))
    deps = DEPS if _has_detect_os(catalog, dialect) else "deps: []\n"
    values = {
        "deps": deps,
        "alias": alias,
        "uid": uid,
        "key": key,
        "category": json.dumps(category),
        "tags": tag_lines(words),
    }
    files = {
        "customize.py": HOOKS.format(**values),
        "run.sh": RUN.format(**values),
        f"tests/test_{alias.replace('-', '_').replace('.', '_')}.py": TEST.format(**values),
    }
    return place(catalog, ref, uid, words, META.format(**values), files, dialect)


def _has_detect_os(catalog: Catalog, dialect: Dialect) -> bool:
    """Content of the new dialect does not ship with Franca; a dependency that nobody answers would not run."""
    found = catalog.find(SCRIPT, Ref(), TagQuery(("detect", "os")))
    return any(one.dialect is dialect for one in found)


def place(
    catalog: Catalog, ref: Ref, uid: str, tags: Sequence[str], meta: str, files: Mapping[str, str], dialect: Dialect
) -> Scaffold:
    """Add the artifact, then its files; the meta gets the text that was written for people last.

    Raises: what ``Catalog.add`` raises; UsageError when the repository is of the other dialect.
    """
    repo = catalog.repo(ref.repo) if ref.repo else catalog.local(dialect)
    if repo.dialect is not dialect:
        raise UsageError(
            f"the repository {repo.ref.alias} has the {repo.dialect.name} dialect, not {dialect.name}",
            hint=f"add --dialect={repo.dialect.name}, or name another repository",
        )
    target = Ref(ObjectRef(ref.name.alias, uid), repo.ref)
    made = catalog.add(SCRIPT, target, {"uid": uid}, tags=tuple(tags), yaml=True)
    for name, text in files.items():
        path = os.path.join(made.path, *name.split("/"))
        make_directory(os.path.dirname(path))
        write_text_atomic(path, text, mode=0o755 if name.endswith(".sh") else 0o644)
    write_text_atomic(made.files[0], meta)
    catalog.refresh()
    return Scaffold(made, (os.path.basename(made.files[0]), *files))


def check_name(alias: str) -> None:
    """Raises Refused for a name that would need quoting in a shell or in Python."""
    if not alias or not _NAME_WORDS.issuperset(alias) or not alias[0].isalnum():
        raise Refused(
            f"{alias!r} is no name for a script: small letters, digits, '-', '_' and '.' are, a letter or digit first"
        )


def env_name(alias: str) -> str:
    """``my-tool`` -> ``MY_TOOL``."""
    return "".join(c if c.isalnum() else "_" for c in alias.upper())


def tag_lines(tags: Sequence[str]) -> str:
    return "\n".join(f"- {_scalar(tag)}" for tag in tags)


def _scalar(text: str) -> str:
    """A YAML scalar that is text whatever it looks like."""
    plain = text.replace("-", "").replace("_", "")
    words = ("yes", "no", "on", "off", "true", "false", "null", "y", "n")
    safe = plain.isalnum() and not text[0].isdigit() and text[0] not in "-_" and text.lower() not in words
    return text if safe else json.dumps(text)
