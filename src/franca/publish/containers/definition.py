"""The text of an Apptainer definition: the same image as the Dockerfile makes, for an engine whose images are
read-only files and whose containers run as the caller (script engine, section 15.6).

The home of the image's account is filled while the image is made, kept aside in ``_KEPT``, and copied into the
caller's folder that stands in its place at the first run: what a run writes there, the next one finds.
"""

from __future__ import annotations

from collections.abc import Sequence

from franca.errors import UsageError
from franca.grammar.shell import quote
from franca.publish.containers import image
from franca.publish.containers.settings import Settings

_ENVIRONMENT = "/opt/franca"
_KEPT = "/opt/franca-home"
_IDENTITY = "/opt/franca-image"  # differs from image to image


def definition(
    settings: Settings,
    *,
    commands: Sequence[str],
    copies: Sequence[tuple[str, str]] = (),
    content: Sequence[tuple[str, str]] = (),
) -> str:
    """The whole text; a base image that begins with a slash is one in the file system.

    Args:
        commands: command lines to run while building.
        copies: (source in the build folder, target in the image), for the installation.
        content: the same, of the script itself.

    Raises:
        UsageError: a value that has no place in a definition.
    """
    base, home = image.base_image(settings, path=True), settings.home
    image.account(settings)
    exports = [f"export {name}={quote(value)}" for name, value in image.variables(settings)]
    exports.append(f"export PATH={_ENVIRONMENT}/bin:$PATH")
    steps = [
        "set -e",
        f"mkdir -p {home} && export HOME={home} && cd {home}",
        *image.system_commands(settings),
        *exports,
        image.install_command(settings, _ENVIRONMENT),
        *commands,
        f"cp -a {home} {_KEPT} && chmod -R a+rX {_KEPT}",
        f"cat /proc/sys/kernel/random/uuid > {_IDENTITY}",
    ]
    lines = [
        "# Generated; change the script, not this file.",
        f"Bootstrap: {'localimage' if base.startswith('/') else 'docker'}",
        f"From: {base}",
        *(["", "%files"] if copies or content else ()),
        *(f"    {_one_line(source)} {_one_line(target)}" for source, target in (*copies, *content)),
        "",
        "%environment",
        *(f"    {line}" for line in exports),
        "",
        "%post -c /bin/bash",
        *(f"    {_one_line(step, blanks=True)}" for step in steps),
    ]
    return "\n".join([*lines, ""])


def first_run(settings: Settings) -> str:
    """The command line that fills the caller's folder at the first run of each image."""
    mark, home = f"{settings.home}/.franca-image", settings.home
    same = f'[ "$(cat {mark} 2> /dev/null)" = "$(cat {_IDENTITY})" ]'
    return f"{{ {same} || {{ cp -R {_KEPT}/. {home}/ && cp {_IDENTITY} {mark}; }}; }}"


def _one_line(text: str, *, blanks: bool = False) -> str:
    """A section ends at a line with ``%`` and a path at a blank, and neither can be quoted."""
    if "\n" in text or text.startswith("%") or (not blanks and any(char.isspace() for char in text)):
        raise UsageError(
            f"{text!r} has no place in an Apptainer definition", hint="use one line, and no blank in paths"
        )
    return text
