"""Writes that happen once, however often they are sent."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import orjson

from domains.sandbox.chassis.route import Refused

# An order is up to six writes to one system, and a repeat may come days after its first: 100,000 answers of about 1 KB
# each are 15,000 orders in 100 MB.
KEPT_MAX = 100_000
KEY_MAX = 255


@dataclass(frozen=True)
class _First:
    digest: bytes
    answer: bytes


class Repeats:
    """The first answers of the last `KEPT_MAX` writes, by route and Idempotency-Key."""

    def __init__(self, kept_max: int = KEPT_MAX) -> None:
        self._kept_max = kept_max
        self._first: OrderedDict[tuple[str, str], _First] = OrderedDict()
        # One write at a time: a repeat that arrives during the first one must see its answer. Handlers do no I/O.
        self._turn = asyncio.Lock()

    async def once(
        self, route: str, key: str | None, asked: dict[str, Any], do: Callable[[], Awaitable[bytes]]
    ) -> tuple[bytes, bool]:
        """The answer of `do`, and whether it is a replay. `asked` is all the input: body and path parameters.

        A refusal is not kept: nothing changed, so the same key may succeed later.
        Raises Refused 400 without a usable key, and 409 IDEMPOTENCY_CONFLICT when the key came with other input.
        """
        if not key or len(key) > KEY_MAX:
            raise Refused(
                400, "IDEMPOTENCY_KEY_REQUIRED", f"Writes need an Idempotency-Key of 1 to {KEY_MAX} characters."
            )
        digest = hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).digest()
        async with self._turn:
            first = self._first.get((route, key))
            if first is not None:
                if first.digest != digest:
                    raise Refused(409, "IDEMPOTENCY_CONFLICT", "This Idempotency-Key came before with another input.")
                return first.answer, True
            answer = await do()
            self._first[(route, key)] = _First(digest, answer)
            if len(self._first) > self._kept_max:
                self._first.popitem(last=False)
            return answer, False
