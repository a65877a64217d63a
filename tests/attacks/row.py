"""One attack as a row of a table, and the limits that all of them are held to."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

LIMIT_S = 0.5
"""For the answer, on a machine that has other things to do; the best of three counts, for those other things."""

BYTES_MAX = 4096
"""Of an answer with its headers: nobody gets more out of us than they put in, but for a sentence that says why."""


@dataclass(frozen=True)
class Attack:
    """`request` is sent as it is. The answer has `status`, and `code` among the codes of its errors.

    Without a `code` the attack is none: it is answered as anything else is, or by the server before our code sees it.
    `asks` are the endpoints of outside systems that may be asked on the way, by "SYSTEM METHOD /path".
    """

    family: str
    name: str
    request: bytes
    status: int
    code: str | None
    asks: Collection[str] = ()
    within_s: float = LIMIT_S
    bytes_max: int = BYTES_MAX
    repeated: bool = True

    @property
    def id(self) -> str:
        return f"{self.family}: {self.name}"


@dataclass(frozen=True)
class Family:
    """Rows that have their family in common."""

    name: str

    def __call__(
        self,
        name: str,
        request: bytes,
        status: int,
        code: str | None,
        *,
        asks: Collection[str] = (),
        within_s: float = LIMIT_S,
        bytes_max: int = BYTES_MAX,
        repeated: bool = True,
    ) -> Attack:
        return Attack(self.name, name, request, status, code, asks, within_s, bytes_max, repeated)
