"""Header lines as HTTP/1.1 has them."""

from __future__ import annotations

import re
from collections.abc import Iterable

Header = tuple[str, str]

# A line break would begin a header, or a request, that nobody meant (RFC 9110, 5.5, and RFC 9112, 3).
_UNFIT_IN_VALUE = re.compile(r"[^\t -~]")
_UNFIT_IN_NAME = re.compile(r"[^!#$%&'*+.^_`|~0-9A-Za-z-]")


def rendered(headers: Iterable[Header]) -> str:
    """Header lines. Raises ValueError for what would not be one line."""
    lines = []
    for name, value in headers:
        if (not is_ascii_text(value) and _UNFIT_IN_VALUE.search(value)) or not is_token(name):
            raise ValueError(f"the header {name!r} is not one line of printable ASCII")
        lines.append(f"{name}: {value}\r\n")
    return "".join(lines)


def is_token(name: str) -> bool:
    """Whether it has no character that a name or a method may not have (RFC 9110, 5.6.2)."""
    return _UNFIT_IN_NAME.search(name) is None


def is_ascii_text(text: str) -> bool:
    """Whether it is of blanks and visible ASCII: a third of the time of a regular expression, which has the last word
    where a tab may stand."""
    return text.isascii() and text.isprintable()
