"""What is asked of a system and what it answers, in as few objects as that takes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol

import httpx
import msgspec

from domains.upstream.correlation import Said
from domains.upstream.head import Head
from domains.upstream.header import Header, is_ascii_text, is_token, rendered

DEADLINE_HEADER = "X-Request-Deadline-Ms"

_USUAL = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})

# Said by the Line itself, because they are about how the body travels.
_OF_THE_LINE = frozenset(
    {"host", "connection", "keep-alive", "transfer-encoding", "content-length", "accept-encoding", "te", "upgrade"}
)


class Place(NamedTuple):
    """Where a system listens, and whether through TLS."""

    host: str
    port: int
    is_tls: bool


class Site:
    """A place, and what every request to it says. `path` stands before every target.

    Raises ValueError for an address without a host or with another scheme than http and https.
    """

    __slots__ = ("head", "headers", "path", "place", "url")

    def __init__(self, url: httpx.URL, headers: Iterable[Header]) -> None:
        if url.scheme not in {"http", "https"} or not url.host:
            raise ValueError(f"{url} is no http:// or https:// address")
        self.url = str(url.copy_with(raw_path=b"/")).rstrip("/")
        self.path = url.raw_path.decode("ascii").rstrip("/")
        is_tls = url.scheme == "https"
        self.place = Place(url.raw_host.decode("ascii"), url.port or (443 if is_tls else 80), is_tls)
        self.headers = tuple(headers)
        host = ("Host", url.netloc.decode("ascii"))
        said = (header for header in self.headers if header[0].lower() not in _OF_THE_LINE)
        self.head = rendered((host, ("Accept-Encoding", "gzip, deflate"), *said))


class Letter(msgspec.Struct, frozen=True):
    """One request. `target` is path and query; `request` is what it was made of, if it was."""

    site: Site
    method: str
    target: str
    body: bytes = b""
    headers: tuple[Header, ...] = ()
    request: httpx.Request | None = None

    @classmethod
    def of(cls, request: httpx.Request) -> Letter:
        """What a client of httpx asks. Its body has been read."""
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw]
        site = Site(request.url, headers)
        return cls(site, request.method, request.url.raw_path.decode("ascii"), request.content, (), request)

    def rendered(self, said: Said, limits: Limits) -> bytes:
        """As HTTP/1.1 has it (RFC 9112). `said` and `limits` are those of this one attempt."""
        method, target, body = self.method, self.target, self.body
        if not is_ascii_text(target) or " " in target or not (method in _USUAL or is_token(method)):
            raise ValueError(f"{method!r} {target!r} is no method and target of a request")
        # Anything but GET and HEAD says how long its body is, an empty one too (RFC 9110, 8.6).
        length = f"Content-Length: {len(body)}\r\n" if body or method not in {"GET", "HEAD"} else ""
        own = rendered(self.headers) if self.headers else ""
        wait = f"{DEADLINE_HEADER}: {limits.limit_ms}\r\n"
        head = f"{method} {target} HTTP/1.1\r\n{self.site.head}{own}{wait}{said.lines}{length}\r\n".encode("ascii")
        return head + body if body else head

    def as_request(self) -> httpx.Request:
        """For a transport of httpx: the request it was made of, or a new one."""
        if self.request is not None:
            return self.request
        headers = [*self.site.headers, *self.headers]
        return httpx.Request(self.method, self.site.url + self.target, headers=headers, content=self.body)


class Answer(msgspec.Struct):
    """What came back. `body` is unpacked, and of a body that is too long only its beginning (then not `is_whole`).

    `value` is what `Call.decode` made of the body.
    """

    status: int
    head: Head
    body: bytes
    is_whole: bool = True
    value: object = None

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


class Limits(msgspec.Struct, frozen=True, gc=False):
    """How long an attempt may take, how much of that to be connected, and how long a body is read."""

    limit_s: float
    connect_s: float
    body_max_bytes: int

    @property
    def limit_ms(self) -> int:
        """What the system is told, so that it may stop working for nobody."""
        return max(1, int(self.limit_s * 1000))


class Lost(NamedTuple):
    """An exchange that `fault` broke off; `reading_body`: the head of an answer had arrived.

    A value and not an exception: nobody needs the way it came, and to build that is half of what a failed call costs.
    """

    fault: Exception
    reading_body: bool


class Carrier(Protocol):
    """Whatever brings a letter to a system and an answer back."""

    async def carry(self, letter: Letter, said: Said, limits: Limits) -> Answer | Lost | None:
        """Send it once, with what is `said` and how long we wait. None: the time was up. Nothing is left open."""
        ...

    async def aclose(self) -> None:
        """Close the connections."""
        ...
