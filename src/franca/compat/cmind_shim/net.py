"""Served as ``cmind.net``: fetching a JSON document."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from franca.compat.results import Result, refusal


def access_api(i: Mapping[str, Any]) -> Result:
    """POST ``i['params']`` as JSON to ``i['url']``; the answer's document is ``data``."""
    url = str(i.get("url") or "")
    if not url.startswith(("http://", "https://")):
        return refusal(f"cannot reach {url!r}: an http or https address was expected")
    body = json.dumps(i.get("params") or {}).encode()
    request = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return {"return": 0, "data": json.loads(answer.read())}
    except (urllib.error.URLError, TimeoutError, ValueError) as error:
        return refusal(f"no usable answer from {url}: {error}")


__all__ = ["access_api"]
