"""What may not go out together does not, and nobody fails with another."""

from __future__ import annotations

import asyncio

import pytest

from domains.upstream import GatheringPolicy, correlation_id, path_scope
from domains.upstream.gathering import ALONE_S, GROUPS_MAX
from domains.vocabulary import (
    Scoped,
    ServingPath,
    UpstreamError,
    UpstreamFailed,
    UpstreamGarbled,
    UpstreamRejected,
)
from tests.domains.upstream.gatherings import (
    OMS,
    Source,
    ask,
    gathered,
    keys,
    owner,
    turn,
    values,
    virtually,
)
from tests.domains.upstream.virtual_time import pass_time, run_virtual


@pytest.mark.parametrize(
    "fault",
    [
        UpstreamRejected(OMS, "stock", "no", status=400, reason="BAD_KEY"),
        UpstreamGarbled(OMS, "stock", "no JSON"),
        UpstreamFailed(OMS, "stock", "500"),
        LookupError("a bug of the connector"),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_poison(fault: Exception) -> None:
    """What one key may be to blame for fails nobody else: each asks alone, and for a while nobody gathers."""

    async def test() -> None:
        source = Source(lambda names: fault if "poison" in names else None)
        fetch = gathered(source)
        asked = [ask(fetch, name) for name in ("first", "poison", "a", "b")]
        first, poison, a, b = await asyncio.gather(*asked, return_exceptions=True)
        assert isinstance(poison, type(fault))
        assert isinstance(a, dict)
        assert isinstance(b, dict)
        assert (values(a), values(b)) == ({"a": "of a"}, {"b": "of b"})
        assert source.asked[1] == keys("poison", "a", "b")
        assert sorted(source.asked[2:], key=min) == [keys("a"), keys("b"), keys("poison")]
        assert isinstance(first, dict)
        if isinstance(fault, UpstreamError):
            calls = len(source.asked)
            await asyncio.gather(*(ask(fetch, name) for name in ("first", "a", "b")))
            assert len(source.asked) == calls + 3
            await pass_time(ALONE_S)
            await asyncio.gather(*(ask(fetch, name) for name in ("first", "a", "b")))
            assert len(source.asked) == calls + 5
        assert not fetch.busy

    run_virtual(test())


@virtually
async def test_paths() -> None:
    """Asks of two paths share no call, and each is on its own: a Wire may refuse the one and answer the other."""
    source = Source()
    fetch = gathered(source)

    async def on(path: ServingPath, name: str) -> None:
        with path_scope(path):
            assert values(await fetch(keys(name))) == {name: f"of {name}"}

    checkout, browse = ServingPath.CHECKOUT, ServingPath.BROWSE
    await asyncio.gather(
        on(browse, "first"), on(checkout, "a"), on(browse, "b"), on(checkout, "c"), on(browse, "d"), fetch(keys("e")),
        fetch(keys("f")),
    )  # fmt: skip
    assert source.asked[1:] == [keys("a", "c"), keys("b", "d"), keys("e", "f")]
    assert source.paths[1:] == [checkout, browse, None]


@virtually
async def test_owners() -> None:
    """Private asks share a call with those of their own owner; who has none shares none."""
    source = Source()
    fetch = gathered(source, private=True)

    async def of(name: str | None, key: str) -> None:
        with Scoped(owner, name):
            await fetch(keys(key))

    await asyncio.gather(
        of("x", "first"), of("x", "a"), of("y", "b"), of("x", "c"), of(None, "d"), of("y", "e"), of("", "f")
    )
    assert sorted(source.asked, key=min) == [keys("a", "c"), keys("b", "e"), keys("d"), keys("f"), keys("first")]


@virtually
async def test_in_whose_name() -> None:
    """A call of several goes out in the name of the first who still waits, with everything that belongs to them."""
    source = Source()
    fetch = gathered(source)

    async def named(name: str) -> None:
        with Scoped(correlation_id, f"request {name}"):
            await fetch(keys(name))

    first, gone, second, third = (asyncio.create_task(named(name)) for name in ("first", "gone", "second", "third"))
    await turn()
    gone.cancel()
    await asyncio.gather(first, second, third)
    assert source.asked == [keys("first"), keys("second", "third")]
    assert source.correlations == ["request first", "request second"]
    assert correlation_id.get() is None


@virtually
async def test_bounds() -> None:
    """So many kinds of asks gather at a time; who would be one more goes out alone."""
    source = Source()
    fetch = gathered(source, private=True)

    async def of(name: str) -> None:
        with Scoped(owner, name):
            await fetch(keys(name))

    asked = [asyncio.create_task(of(f"{number}")) for number in range(GROUPS_MAX + 3)]
    await turn()
    assert len(source.asked) == 3
    await asyncio.gather(*asked)
    assert not fetch.busy


def test_numbers_that_make_no_sense() -> None:
    """A limit of no calls, no time to wait, or fewer turns than none, is refused."""
    with pytest.raises(ValueError, match="calls_free"):
        GatheringPolicy(calls_free=0)
    with pytest.raises(ValueError, match="window_s"):
        GatheringPolicy(window_s=0.0)
    with pytest.raises(ValueError, match="turns"):
        GatheringPolicy(turns=-1)
