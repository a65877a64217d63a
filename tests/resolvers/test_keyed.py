"""Keyed mutations: carried out once, answered the same way again, and kept by nobody when they may yet succeed."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domains import loyalty
from domains.durable import InFlight, Write
from domains.vocabulary import (
    BreakerOpen,
    DeadlineExceeded,
    IdempotencyKey,
    SystemRole,
    UpstreamError,
    UpstreamRejected,
    UpstreamTimeout,
)
from resolvers.context import Caller, Context
from resolvers.keyed import header_key, scoped_key
from tests.resolvers.goods import NOW
from tests.resolvers.test_mutations import AUTHORIZE, HOLD, VOID, give_back, hold
from tests.resolvers.test_reservations import CREATE, RELEASE, basket, create, line, promised
from tests.resolvers.world import ADA, ASSOCIATE, BOB, ENGINE, EVERYTHING, World

SHORTAGE = UpstreamRejected(SystemRole.OMS, "reservations", status=409, reason="INSUFFICIENT_STOCK")
CALLS = [
    (HOLD, hold(), hold(points="99")),
    (VOID, {"redemptionId": "red-1", "idempotencyKey": "k1"}, {"redemptionId": "red-2", "idempotencyKey": "k1"}),
    (CREATE, basket(), basket(line(quantity="1"))),
    (RELEASE, {"reservationId": "rsv-1", "idempotencyKey": "k1"}, {"reservationId": "rsv-2", "idempotencyKey": "k1"}),
    (AUTHORIZE, give_back(), give_back(method="RETURN_BY_MAIL")),
]


@contextmanager
def headed(key: str | None) -> Iterator[None]:
    """The door's part: the request came with this Idempotency-Key."""
    token = header_key.set(key)
    try:
        yield
    finally:
        header_key.reset(token)


async def replayed(world: World, document: str, caller: Caller = ASSOCIATE, **variables: Any) -> tuple[Any, Any]:
    """The data of an answer, and which of its places are replays."""
    context = Context.open(caller, world.retail(), world.now)
    answer = await ENGINE.run(document, variables, None, context, held=EVERYTHING)
    context.loaders.close()
    assert not answer.errors, answer.errors
    return answer.data, context.loaders.provenance.extensions().get("replayed")


@pytest.mark.parametrize(("document", "asked", "other"), CALLS)
async def test_a_repeat_is_answered_as_the_first_was(
    world: World, document: str, asked: dict[str, Any], other: dict[str, Any]
) -> None:
    """Of two equal requests one is carried out, and both are answered alike; another input under the key is refused."""
    first, none = await replayed(world, document, input=asked)
    again, marked = await replayed(world, document, input=asked)
    (field,) = first
    for answer in (first, again):
        answer[field].pop("freshness", None)  # that of the repeat says how old the answer is
    assert again == first
    assert (none, marked) == (None, [field])
    assert len(world.written) == 1
    conflict = await world.data(document, input=other)
    assert conflict[field]["__typename"] == "IdempotencyConflict"
    assert conflict[field]["path"] == ["input", "idempotencyKey"]
    assert len(world.written) == 1


async def test_a_final_refusal_is_kept_too(world: World) -> None:
    """What was refused for good is refused again, with the figures of then."""
    world.write_error = SHORTAGE
    first, _ = await replayed(world, CREATE, input=basket(line(quantity="8")))
    world.fakes()["inventory.stock"].answers = {}
    again, marked = await replayed(world, CREATE, input=basket(line(quantity="8")))
    assert again["inventoryReservationCreate"]["lines"][0]["best"]["availableToPromise"] == "7"
    assert again == first
    assert marked == ["inventoryReservationCreate"]


@pytest.mark.parametrize(
    "error",
    [
        UpstreamTimeout(SystemRole.LOYALTY, "hold"),
        BreakerOpen(SystemRole.LOYALTY, "hold"),
        DeadlineExceeded(SystemRole.LOYALTY, "hold"),
        UpstreamRejected(SystemRole.LOYALTY, "hold", status=409, reason="IDEMPOTENCY_CONFLICT"),
        UpstreamRejected(SystemRole.LOYALTY, "hold", status=418),
    ],
)
async def test_what_may_yet_succeed_is_not_kept(world: World, error: UpstreamError) -> None:
    """A refusal that may pass, and a failure, give the key back: the repeat goes to the engine under the same key."""
    world.write_error = error
    await world.ask(HOLD, input=hold())
    assert world.journal.rows == {}
    world.write_error = None
    _, marked = await replayed(world, HOLD, input=hold())
    assert marked is None
    ((_, key),) = world.written
    assert key == scoped_key(ASSOCIATE, "loyaltyRedemptionHold", "k1")


async def test_a_key_is_each_callers_own(world: World) -> None:
    """Another caller's equal request is another one, and is told nothing of the first."""
    mine, _ = await replayed(world, HOLD, ADA, input=hold())
    theirs, marked = await replayed(world, HOLD, BOB, input=hold())
    assert marked is None
    assert mine != theirs


async def test_a_repeat_that_asks_for_more_is_shown_more(world: World) -> None:
    """What is kept is the record and not the response: a repeat may select other fields."""
    less = "mutation($input: LoyaltyRedemptionHoldInput!) { loyaltyRedemptionHold(input: $input) { __typename } }"
    await world.data(less, input=hold())
    data = await world.data(HOLD, input=hold())
    assert data["loyaltyRedemptionHold"]["points"]["value"] == "100"


async def test_of_many_at_once_one_is_carried_out(world: World) -> None:
    """Twenty equal requests at once are one write; the others are told to come back, or hear its answer."""
    answers = await asyncio.gather(*(world.data(HOLD, input=hold()) for _ in range(20)))
    kinds = [answer["loyaltyRedemptionHold"]["__typename"] for answer in answers]
    assert set(kinds) <= {"LoyaltyRedemption", "RetryLater"}
    assert len(world.written) == 1


async def test_one_in_flight_is_a_refusal_that_says_when(world: World) -> None:
    """RetryLater is a member of the result, with the seconds to wait."""

    async def in_flight(_: Write) -> InFlight:
        return InFlight(1.4)

    world.durable = replace(world.durable, begin=in_flight)
    answer = (await world.data(HOLD, input=hold()))["loyaltyRedemptionHold"]
    assert (answer["__typename"], answer["code"]) == ("RetryLater", "RETRY_LATER")
    assert (answer["retryable"], answer["retryAfterSeconds"]) == (True, 2)


async def test_whoever_goes_away_gives_the_key_back(world: World) -> None:
    """A request that is cancelled while the engine is asked leaves no key behind."""
    reached = asyncio.Event()

    async def hangs(draft: loyalty.PointsHold, key: IdempotencyKey) -> loyalty.LoyaltyRedemption:
        reached.set()
        await asyncio.Event().wait()
        raise AssertionError("nobody waits any more")

    world.loyalty = type(world.loyalty)(**(vars(world.loyalty) | {"hold": hangs}))
    asking = asyncio.create_task(world.ask(HOLD, input=hold()))
    await reached.wait()
    assert len(world.journal.rows) == 1
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert world.journal.rows == {}


async def test_without_a_journal_nothing_is_begun(world: World) -> None:
    """A journal that cannot be asked is an error with a code of its own, and no system hears of the write."""
    world.journal.failing = {"begin"}
    answer = await world.ask(HOLD, input=hold())
    assert answer.code == "JOURNAL_UNAVAILABLE"
    assert answer.data == {"loyaltyRedemptionHold": None}
    assert "begin" not in str(answer.errors)
    assert world.written == []


async def test_what_was_written_is_told_though_it_cannot_be_kept(world: World) -> None:
    """When the journal goes away behind a write, the caller hears of the write; nor does it hide a refusal."""
    world.journal.failing = {"settle", "abandon"}
    data = await world.data(HOLD, input=hold())
    assert data["loyaltyRedemptionHold"]["__typename"] == "LoyaltyRedemption"
    world.write_error = UpstreamTimeout(SystemRole.LOYALTY, "hold")
    data = await world.data(HOLD, input=hold(idempotencyKey="k2"))
    assert data["loyaltyRedemptionHold"]["__typename"] == "BackendUnavailable"


async def test_a_granted_promise_stays_granted(world: World) -> None:
    """A repeat after the promise has run out hears of the reservation that the first try made."""
    token = await promised(world)
    first = await create(world, lines=[line(promiseToken=token)])
    assert first["__typename"] == "InventoryReservation"
    world.now = NOW + timedelta(hours=1)
    assert await create(world, lines=[line(promiseToken=token)]) == first
    late = await create(world, lines=[line(promiseToken=token)], idempotencyKey="k2")
    assert late["differences"][0]["reason"] == "EXPIRED"


async def test_a_replayed_return_is_as_old_as_it_is(world: World) -> None:
    """A replay is not passed off as heard just now."""
    await world.data(AUTHORIZE, input=give_back())
    world.now = NOW + timedelta(seconds=90)
    again = await world.data(AUTHORIZE, input=give_back())
    assert again["returnAuthorize"]["freshness"] == {"tier": "STALE_OK", "source": "oms", "ageSeconds": 90}


async def test_the_header_names_the_request(world: World) -> None:
    """The header stands for a key that is not in the input, which goes before it."""
    bare = hold(idempotencyKey=None)
    with headed("h1"):
        await world.data(HOLD, input=bare)
        _, marked = await replayed(world, HOLD, input=bare)
        assert marked == ["loyaltyRedemptionHold"]
        await world.data(HOLD, input=hold())
    keys = [scoped_key(ASSOCIATE, "loyaltyRedemptionHold", name) for name in ("h1", "k1")]
    assert [key for _, key in world.written] == keys
    _, marked = await replayed(world, HOLD, input=hold(idempotencyKey="h1"))
    assert marked == ["loyaltyRedemptionHold"]


async def test_under_one_header_each_mutation_has_a_key_of_its_own(world: World) -> None:
    """Equal mutations of one document are two writes, and a repeat of the document writes neither again."""
    twice = """mutation($input: LoyaltyRedemptionHoldInput!) {
      one: loyaltyRedemptionHold(input: $input) { __typename } two: loyaltyRedemptionHold(input: $input) { __typename }
    }"""
    with headed("h1"):
        await world.data(twice, input=hold(idempotencyKey=None))
        _, marked = await replayed(world, twice, input=hold(idempotencyKey=None))
    assert len({key for _, key in world.written}) == len(world.written) == 2
    assert marked == ["one", "two"]


async def test_a_change_needs_a_key(world: World) -> None:
    """Without a key anywhere nothing is changed, and the error says where it goes."""
    answer = await world.ask(HOLD, input=hold(idempotencyKey=None))
    (error,) = answer.errors
    extensions: Any = error["extensions"]
    assert (extensions["code"], extensions["inputPath"]) == ("BAD_USER_INPUT", ["input", "idempotencyKey"])
    assert "Idempotency-Key header" in str(error["message"])
    assert (world.written, world.journal.rows) == ([], {})
