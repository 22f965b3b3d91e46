"""What a Dockerfile says about running its project."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from franca.authoring.dockerfiles import Image, read_dockerfile

WHOLE = """\
FROM golang AS build
COPY gone /x
ENTRYPOINT ["/x/gone"]
FROM python:3.11
WORKDIR /opt
WORKDIR app
COPY --chown=1:1 src/ .
COPY config.yaml tools/extra.txt /etc/app/
COPY --from=build /x /y
ENV MODE=fast LEVEL=3
ENV NAME one-word
ENV PATH=/x:$PATH SECRET="a b"
ENTRYPOINT ["python3", \\
  "main.py"]
CMD --config /etc/app/config.yaml
"""


def test_the_last_stage_counts() -> None:
    image = read_dockerfile(WHOLE)
    assert image.words == ("python3", "main.py", "--config", "/etc/app/config.yaml")
    assert image.directory == "/opt/app"
    assert image.env == (("MODE", "fast"), ("LEVEL", "3"), ("NAME", "one-word"))


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/opt/app", "src"), ("/opt/app/main.py", "src/main.py"), ("/etc/app/config.yaml", "config.yaml"),
        ("/etc/app/extra.txt", "tools/extra.txt"), ("/etc/other", None), ("/y", None), ("/x", None),
    ],
)  # fmt: skip
def test_where_files_of_the_image_came_from(path: str, place: str | None) -> None:
    assert read_dockerfile(WHOLE).here(path) == place


@pytest.mark.parametrize(
    "text", ["", "FROM x", 'ENTRYPOINT ["a", 1]', 'CMD ["a"', "COPY ../up /x", "COPY $A /x", "COPY only", "ENV =1"]
)
def test_what_cannot_be_understood_is_passed_over(text: str) -> None:
    assert read_dockerfile(text) == Image()


@given(st.text(alphabet='FROMCPYENVADW /."[]\\n=ax', max_size=200))
def test_any_text_is_read_to_its_end(text: str) -> None:
    image = read_dockerfile(text)
    assert all(not source.startswith(("/", "..")) for _, source in image.copies)
