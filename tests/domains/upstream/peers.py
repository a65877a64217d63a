"""A real server that answers from a script, and clients that ask it over one Wire."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from domains.upstream import Call, Outbound, Wire, WirePolicy
from domains.upstream.lines import Lines
from domains.vocabulary import SystemRole

POLICY = WirePolicy(timeout_s=2.0, slow_call_s=2.0, slots_max=4, retries_max=0, body_max_bytes=10_000)
STOCK = Call("stock", bytes)
HELLO = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"
HANGS: bytes | None = None
CLOSES = b"<and closes>"


@dataclass
class Peer:
    """A server that answers the n-th request it hears with the n-th answer, the last one for ever; None: never.

    A connection is closed after an answer that ends in CLOSES. `heard` are the requests, `opened` counts connections,
    `asked` is set by the first request, `ended` when a connection was closed from the other side.
    """

    answers: Sequence[bytes | None]
    heard: list[bytes] = field(default_factory=list)
    opened: int = 0
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    serving: set[asyncio.Task[None] | None] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        self.serving.add(asyncio.current_task())
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]
                self.heard.append(head + await reader.readexactly(int(length or 0)))
                self.asked.set()
                answer = self.answers[min(len(self.heard), len(self.answers)) - 1]
                if answer is not None:
                    writer.write(answer.removesuffix(CLOSES))
                    await writer.drain()
                    if answer.endswith(CLOSES):
                        break
        self.ended.set()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


@contextlib.asynccontextmanager
async def calling(
    *answers: bytes | None,
    policy: WirePolicy = POLICY,
    keepalive_s: float = 4.0,
    tls: ssl.SSLContext | None = None,
    trusted: ssl.SSLContext | None = None,
) -> AsyncIterator[tuple[Peer, Outbound, Callable[..., httpx.AsyncClient]]]:
    """A Peer, and two clients that ask it over one Wire: the house's own and, made on demand, httpx's."""
    peer = Peer(answers)
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    url = f"{'http' if tls is None else 'https'}://localhost:{port}/oms/"
    wire = Wire(SystemRole.OMS, policy, Lines(trusted or httpx.create_ssl_context(trust_env=False), 4, keepalive_s))
    async with server:
        yield (
            peer,
            Outbound(wire, url, {"Accept": "application/json"}),
            lambda: httpx.AsyncClient(base_url=url, transport=wire),
        )
        await wire.aclose()
        async with asyncio.timeout(2.0):
            await asyncio.gather(*(task for task in peer.serving if task))


def certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The contexts of a server called localhost and of a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "localhost.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + signed.public_bytes(Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return server, ssl.create_default_context(cafile=str(file))
