"""What no answer may show: signs of the code, of the systems behind it, and of the machine."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tests.running import ROOT

INSIDES = {
    "a traceback": r"Traceback|During handling of|, line \d+, in ",
    "a file": r"\.py\b|site-packages|/usr/|/home/|/tmp/|\.venv|sqlite://|\.db\b|\.toml\b",
    "a module": r"\b(?:gateway|domains|resolvers|cache)\.[a-z_]+|\b(?:starlette|uvicorn|httptools|asyncio|strawberry"
    r"|graphql_core|msgspec|orjson|joserfc|sqlalchemy|psycopg|aiohttp|httpx|pydantic|websockets|redis|valkey)\b|\bsys\.",
    "an object": r"<class |<[a-zA-Z_.]+ object at |\bat 0x[0-9a-f]{6,}|\bobject has no attribute",
    "an exception": r"\b(?!(?:GraphQL)?Syntax Error)[A-Z][A-Za-z]+(?:Error|Exception)\b|\[Errno",
    "a Python value": r"\bNone\b|\bTrue\b|\bFalse\b|\{'|\['|(?<!`)\b(?:dict|str)\b|NoneType|Decimal\('",
    "a query of a database": r"\bSELECT\b|\bINSERT INTO\b|\bUPDATE \w+ SET\b|\bFROM retail",
    "an endpoint of a system": r"/v1/|/_sandbox|https?://(?!specs\.apollo\.dev|www\.rfc-editor\.org)",
}
_FOUND = {what: re.compile(pattern) for what, pattern in INSIDES.items()}


_ECHO = re.compile(r"(?<=value) '?[\[{TFN][^\"]*|(?<=value): [^\"]*|(?<=found): [^\"]*")
"""A value of the sender's own, which the GraphQL library repeats in its own notation."""


def shown(text: str, secrets: Iterable[str] = ()) -> list[str]:
    """What `text` shows of our insides, in words; empty when nothing. `secrets` are texts that are never to be seen."""
    text = _ECHO.sub("", text)
    found = [f"{what}: {seen[0]!r}" for what, pattern in _FOUND.items() if (seen := pattern.search(text))]
    found += [f"a folder of ours: {ROOT}"] if str(ROOT) in text else []
    return found + [f"a secret: {secret[:12]}..." for secret in secrets if secret in text]
