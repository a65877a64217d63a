"""The keys that sign promises, from a file that only the gateway's processes read."""

from __future__ import annotations

import re
from pathlib import Path

from domains.inventory import PromiseKeys, SigningKey

FILE_BYTES_MAX = 4 * 1024  # two keys take some 150 bytes

_LINE = re.compile(r"(?P<id>[A-Za-z0-9_-]{1,16})\s+(?P<secret>(?:[0-9a-fA-F]{2})+)", re.ASCII)


def read_keys(path: Path) -> PromiseKeys:
    """The keys in a file of one or two lines, each an id and a secret in hexadecimal, as `openssl rand -hex 32` makes.

    The first line signs. To change it, put a new line before it, and take the old one away once nothing that it signed
    is in use: an hour later, the longest that a reservation lasts. Empty lines and those that begin with # are passed
    over. Every process of a deployment reads the same file.
    Raises ValueError, which says what is wrong and never what stands there.
    """
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
        text = content.decode("ascii")
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is not ASCII"
        raise ValueError(f"the keys in {path} cannot be read: {reason}") from exc
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]
    if len(content) > FILE_BYTES_MAX or not 1 <= len(lines) <= 2:
        raise ValueError(f"a keys file has one or two keys, which {path} has not")
    keys = [_key(line, path) for line in lines]
    return PromiseKeys(*keys)


def _key(line: str, path: Path) -> SigningKey:
    found = _LINE.fullmatch(line)
    if found is None:
        raise ValueError(f"a line of {path} is not an id and a secret in hexadecimal")
    return SigningKey(found["id"], bytes.fromhex(found["secret"]))
