"""What an image registry says about an image that is not here: its digests, nothing is pulled.

The distribution API: ``GET /v2/NAME/manifests/REFERENCE``, a token where one is asked for, an index resolved to
this machine (MLCube spec, section 14). Only these requests are made, and credentials go to the registry's own
host and to the token service that it names.
"""

from __future__ import annotations

import base64
import json
import os
from hashlib import sha256
from urllib.parse import urlencode, urlsplit

from franca.errors import ChecksumMismatch, NotFound, Refused, Unavailable, UsageError
from franca.model.light import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from http.client import HTTPResponse

HUB = "registry-1.docker.io"
HUB_KEY = "https://index.docker.io/v1/"  # of the hub in docker's configuration file
INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
MANIFESTS = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")
MAX_BYTES = 4 << 20  # of a manifest or an answer of a token service
MACHINES = {"x86_64": "amd64", "aarch64": "arm64", "ppc64le": "ppc64le", "s390x": "s390x"}


class Reference(NamedTuple):
    """Where an image is: ``HOST/NAME:TAG`` or ``HOST/NAME@sha256:...``."""

    host: str
    name: str
    tag: str  #: or a digest

    def __str__(self) -> str:
        return f"{self.host}/{self.name}{'@' if ':' in self.tag else ':'}{self.tag}"

    @property
    def base(self) -> str:
        """Registries on this machine speak plain HTTP, as Docker and Apptainer take it."""
        bare = self.host.rsplit(":", 1)[0]
        return f"{'http' if bare == 'localhost' or bare.startswith('127.') else 'https'}://{self.host}"


class Published(NamedTuple):
    """An image as the registry has it."""

    config: str  #: digest of the configuration, without ``sha256:``; the engine's image id after a pull
    manifest: str  #: ``sha256:...`` of the manifest, of the index where there is one


def parse_reference(image: str) -> Reference:
    """Raises UsageError for what cannot be an image's name."""
    text, at, digest = image.removeprefix("docker://").partition("@")
    first, slash, rest = text.partition("/")
    if slash and (first == "localhost" or "." in first or ":" in first):
        host, path = first, rest
    else:
        host, path = HUB, text
    if host in ("docker.io", "index.docker.io"):
        host = HUB
    name, _, tag = path.partition(":")
    if host == HUB and "/" not in name:
        name = f"library/{name}"
    plain = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:")
    if not path or not plain.issuperset(f"{host}{name}{tag}{digest}") or ".." in name or name.endswith("/"):
        raise UsageError(f"{image!r} is not the name of an image", hint="write HOST/NAME:TAG, as org/name:1.0")
    return Reference(host, name, digest if at else tag or "latest")


def published(image: str, environ: Mapping[str, str]) -> Published:
    """Ask the image's registry. Raises NotFound, Unavailable, Refused, ChecksumMismatch, UsageError."""
    reference = parse_reference(image)
    client = _Client(reference, environ)
    document, digest = client.manifest(reference.tag)
    manifest = digest
    if "manifests" in document:
        document, _ = client.manifest(_for_this_machine(document, reference))
    config = document.get("config")
    found = config.get("digest") if isinstance(config, dict) else None
    if not isinstance(found, str) or not found.startswith("sha256:"):
        raise Unavailable(f"the registry describes {reference} in a way that cannot be read")
    return Published(found.removeprefix("sha256:"), manifest)


def _for_this_machine(index: dict[str, Any], reference: Reference) -> str:
    wanted = MACHINES.get(os.uname().machine, os.uname().machine)
    entries = [entry for entry in index["manifests"] if isinstance(entry, dict)]
    for entry in entries:
        platform = entry.get("platform") or {}
        if platform.get("architecture") == wanted and platform.get("os", "linux") == "linux":
            return str(entry.get("digest"))
    raise NotFound(f"{reference} is not published for this machine (linux/{wanted})")


class _Client:
    """Requests to one registry about one image."""

    def __init__(self, reference: Reference, environ: Mapping[str, str]) -> None:
        self.reference = reference
        self.environ = environ
        self.authorization = ""

    def manifest(self, tag: str) -> tuple[dict[str, Any], str]:
        """A manifest and its digest, which is checked against its bytes."""
        url = f"{self.reference.base}/v2/{self.reference.name}/manifests/{tag}"
        status, headers, body = self._get(url)
        if status == 401 and not self.authorization:
            self.authorization = self._authorized(headers.get("www-authenticate", ""))
            status, headers, body = self._get(url)
        if status in (401, 403):
            raise Unavailable(f"{self.reference.host} refuses access to {self.reference}",
                              hint="check the name; log in with: docker login " + self.reference.host)  # fmt: skip
        if status == 404:
            raise NotFound(f"{self.reference} is not in its registry", hint="check the image's name and tag")
        if status != 200:
            raise Unavailable(f"{self.reference.host} answered with status {status} for {self.reference}")
        digest = "sha256:" + sha256(body).hexdigest()
        if tag.startswith("sha256:") and digest != tag:
            raise ChecksumMismatch(f"{self.reference.host} sent another manifest for {tag} than was asked for")
        return _document(body, url), digest

    def _get(self, url: str) -> tuple[int, dict[str, str], bytes]:
        headers = {"Accept": ", ".join((*INDEXES, *MANIFESTS)), "User-Agent": "franca"}
        if self.authorization:
            headers["Authorization"] = self.authorization
        return _request(url, headers)

    def _authorized(self, challenge: str) -> str:
        """The Authorization header that answers a challenge: Basic, or a token from the service it names."""
        kind, _, rest = challenge.partition(" ")
        basic = self._credentials()
        if kind.lower() == "basic":
            return basic
        fields = _fields(rest)
        realm = fields.get("realm", "")
        if kind.lower() != "bearer" or not realm:
            raise Unavailable(f"{self.reference.host} asks for an unknown kind of login: {challenge!r}")
        if not realm.startswith("https://") and not self.reference.base.startswith("http://"):
            raise Refused(f"{self.reference.host} wants a login to be sent unencrypted, to {realm}")
        query = [(key, fields[key]) for key in ("service", "scope") if key in fields]
        url = f"{realm}{'&' if '?' in realm else '?'}{urlencode(query)}"
        status, _, body = _request(url, {"Authorization": basic} if basic else {})
        document = _document(body, url) if status == 200 else {}
        token = document.get("token") or document.get("access_token")
        if not isinstance(token, str) or "\n" in token or "\r" in token:
            raise Unavailable(f"the token service of {self.reference.host} answered with status {status}",
                              hint="log in with: docker login " + self.reference.host)  # fmt: skip
        return f"Bearer {token}"

    def _credentials(self) -> str:
        """From the variables that Apptainer reads, or from a configuration file; "" = nobody is logged in."""
        for family in ("SINGULARITY", "APPTAINER"):
            user = self.environ.get(f"{family}_DOCKER_USERNAME", "")
            if user:
                pair = f"{user}:{self.environ.get(f'{family}_DOCKER_PASSWORD', '')}"
                return "Basic " + base64.b64encode(pair.encode()).decode()
        keys = (HUB_KEY, "index.docker.io", "docker.io") if self.reference.host == HUB else (self.reference.host,)
        for path in self._login_files():
            logins = _logins(path)
            for key in (*keys, f"https://{self.reference.host}"):
                entry = logins.get(key)
                auth = entry.get("auth") if isinstance(entry, dict) else None
                if isinstance(auth, str) and auth.isprintable():
                    return f"Basic {auth}"
        return ""

    def _login_files(self) -> list[str]:
        home = self.environ.get("HOME", "")
        folder = self.environ.get("DOCKER_CONFIG") or os.path.join(home, ".docker")
        names = (".singularity/docker-config.json", ".apptainer/docker-config.json")
        return [*(os.path.join(home, name) for name in names), os.path.join(folder, "config.json")]


def _logins(path: str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            document = json.loads(file.read(MAX_BYTES))
    except (OSError, ValueError):
        return {}
    auths = document.get("auths") if isinstance(document, dict) else None
    return auths if isinstance(auths, dict) else {}


def _fields(text: str) -> dict[str, str]:
    """``realm="...",service="..."``; commas inside quotes separate nothing."""
    out, rest = {}, text
    while rest:
        key, _, rest = rest.partition("=")
        if rest.startswith('"'):
            value, _, rest = rest[1:].partition('"')
            rest = rest.partition(",")[2]
        else:
            value, _, rest = rest.partition(",")
        out[key.strip().lower()] = value.strip()
    return out


def _request(url: str, headers: dict[str, str], redirects: int = 3) -> tuple[int, dict[str, str], bytes]:
    """One GET. A redirection to another host does not take the Authorization header along."""
    import http.client

    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Refused(f"{url!r} is not an http or https address")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    try:
        connection = kind(parts.hostname, parts.port, timeout=30)
        try:
            connection.request("GET", f"{parts.path}{'?' + parts.query if parts.query else ''}", headers=headers)
            answer = connection.getresponse()
            body = _bounded(answer, url)
        finally:
            connection.close()
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise Unavailable(f"cannot ask {parts.hostname}: {error}", hint="check the network and the host") from None
    target = answer.headers.get("location", "")
    if answer.status in (301, 302, 303, 307, 308) and target and redirects:
        from urllib.parse import urljoin

        target = urljoin(url, target)
        same = urlsplit(target)[:2] == parts[:2]
        kept = headers if same else {key: value for key, value in headers.items() if key != "Authorization"}
        return _request(target, kept, redirects - 1)
    return answer.status, {key.lower(): value for key, value in answer.headers.items()}, body


def _bounded(answer: HTTPResponse, url: str) -> bytes:
    body = answer.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        raise Refused(f"the answer of {url} has more than {MAX_BYTES >> 20} MiB")
    return body


def _document(body: bytes, url: str) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise Unavailable(f"{url} answered with something that is no manifest")
    return document
