"""Fetch pictures of OpenImages, several at once; what is there already is kept, so that a broken run goes on."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}\.jpg")
_ATTEMPTS = 3
_SECONDS = 60
_MOST_BYTES = 100 << 20


def main():
    """Fetch the pictures; the exit status is 1 when one is missing in the end."""
    options = parse()
    try:
        names, content = wanted(options)
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"{options.annotations or options.list}: not the expected form: {error}", file=sys.stderr)
        return 1
    kind = "validation" if options.annotations else "calibration"
    folder = os.path.join(options.out, kind, "data")
    os.makedirs(folder, exist_ok=True)
    with ThreadPoolExecutor(options.threads) as pool:
        problems = [text for text in pool.map(lambda name: fetch(options, name, folder), names) if text]
    if problems:
        print(
            f"{len(problems)} of {len(names)} pictures could not be fetched; the first: {problems[0]}", file=sys.stderr
        )
        return 1
    if content is not None:
        write_annotations(os.path.join(options.out, "annotations"), content)
    print(f"{len(names)} pictures in {folder}", file=sys.stderr)
    return 0


def parse():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--annotations", default="")
    source.add_argument("--list", default="")
    for name in ("split", "url", "out"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--count", type=int, default=0)
    parser.add_argument("--threads", type=int, default=16)
    return parser.parse_args()


def wanted(options):
    """Names of the pictures, and the annotations that are about them (None for a bare list)."""
    if options.list:
        with open(options.list, encoding="utf-8") as stream:
            names = [line.strip() for line in stream if line.strip()]
        return checked(names[: options.count or None]), None
    with open(options.annotations, encoding="utf-8") as stream:
        content = json.load(stream)
    images = content["images"][: options.count or None]
    numbers = {image["id"] for image in images}
    boxes = [box for box in content["annotations"] if box["image_id"] in numbers]
    return checked([image["file_name"] for image in images]), {**content, "images": images, "annotations": boxes}


def checked(names):
    """The names, when each is one and none leaves its folder."""
    for name in names:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not the name of a picture")
    if not names:
        raise ValueError("there are no pictures in it")
    return names


def fetch(options, name, folder):
    """Fetch one picture; an empty text, or what went wrong."""
    path = os.path.join(folder, name)
    if os.path.exists(path):
        return ""
    url = f"{options.url.rstrip('/')}/{options.split}/{urllib.parse.quote(name)}"
    for attempt in range(_ATTEMPTS):
        try:
            data = read(url)
        except urllib.error.HTTPError as error:
            return f"{url}: {error}"
        except OSError as error:
            problem = f"{url}: {getattr(error, 'reason', error)}"
            time.sleep(attempt)
            continue
        if not data.startswith(b"\xff\xd8"):
            return f"{url}: not a JPEG picture"
        with open(path + ".part", "wb") as stream:
            stream.write(data)
        os.replace(path + ".part", path)
        return ""
    return problem


def read(url):
    """The content behind an address of a kind that only transfers data."""
    if urllib.parse.urlsplit(url).scheme not in ("http", "https", "file"):
        raise urllib.error.URLError("the address must begin with http, https or file")
    with urllib.request.urlopen(url, timeout=_SECONDS) as answer:
        return answer.read(_MOST_BYTES)


def write_annotations(folder, content):
    """Write the annotations of the pictures that are there."""
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "openimages-mlperf.json")
    with open(path + ".part", "w", encoding="utf-8") as stream:
        json.dump(content, stream)
    os.replace(path + ".part", path)


if __name__ == "__main__":
    sys.exit(main())
