"""A stream whose caller may no longer ask for one of its fields."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from gateway.engine import Answer, fault
from gateway.streams import EndReason, Told
from resolvers.subscribing import Occasion
from tests.gateway.streams.news import Asked, News
from tests.gateway.streams.test_streams import opened


class Losing(Asked):
    """After its first answer every other is refused with `code`."""

    def __init__(self, code: str) -> None:
        super().__init__(1)
        self.code = code

    async def ask(self, occasion: Occasion | None, beside: Mapping[str, object]) -> Told:
        if not self.occasions:
            return await super().ask(occasion, beside)
        self.occasions.append(occasion or Occasion())
        return Told(Answer(None, (fault("No more.", self.code),), is_request_error=True), b"refused", self.owner)


@pytest.mark.parametrize("code", ["FORBIDDEN", "UNAUTHENTICATED"])
async def test_a_lost_scope_ends_the_stream(code: str) -> None:
    """The refusal is told, then the stream is complete, and asks no more, whatever happens."""
    news, asked = News(), Losing(code)
    async with opened(news, asked) as reader:
        assert await reader.message() == (b"1", 0)
        news.tell(1)
        assert (await reader.message())[0] == b"refused"
        assert await reader.reason() is EndReason.PERMIT_LOST
        news.tell(1)
    assert len(asked.occasions) == 2
    assert not EndReason.PERMIT_LOST.resumable


async def test_another_refusal_is_told_and_the_stream_goes_on() -> None:
    """What may pass, as a document that is too dear just now, is no loss of a permit."""
    news, asked = News(), Losing("COST_EXCEEDED")
    async with opened(news, asked) as reader:
        await reader.message()
        for _ in range(2):
            news.tell(1)
            assert (await reader.message())[0] == b"refused"
