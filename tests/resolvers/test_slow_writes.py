"""Slow writes at the counter: accepted with their answer, or not at all."""

from dataclasses import dataclass
from decimal import Decimal
from typing import cast

import pytest
import strawberry
from graphql import OperationDefinitionNode, parse
from graphql.pyutils import Path

from domains import loyalty
from domains.durable import Accepted, JournalUnavailable, RetryLater
from domains.flows import flow_id_of
from domains.upstream import correlation_id
from domains.vocabulary import IdempotencyKey, RedemptionId, Refusal
from resolvers.context import Context, Info
from resolvers.keyed import once, scoped_key
from tests.resolvers.goods import NOW, redemption
from tests.resolvers.world import ADA, World


@dataclass
class Asked:
    """As much of Strawberry's Info as a keyed mutation reads."""

    context: Context
    path: Path
    operation: OperationDefinitionNode

    @classmethod
    def of(cls, world: World) -> Info:
        (document,) = parse("mutation { slow }").definitions
        assert isinstance(document, OperationDefinitionNode)
        return cast("Info", cls(Context.open(ADA, world.retail(), NOW), Path(None, "slow", None), document))


@strawberry.input
class SlowInput:
    points: Decimal = Decimal(100)


async def slowly(world: World) -> loyalty.LoyaltyRedemption | Refusal:
    async def work(key: IdempotencyKey) -> Accepted[loyalty.LoyaltyRedemption]:
        command = loyalty.VoidRedemption(redemption_id=RedemptionId("red-1"), idempotency_key=key)
        return Accepted(redemption(1), flow_id_of(key), "points.void", command)

    return await once(Asked.of(world), "slow", "k1", SlowInput(), (loyalty.LoyaltyRedemption,), work)


async def test_a_slow_write_is_accepted_with_its_answer(world: World) -> None:
    """What a check accepts is settled as a flow of the request, once, under an id that a repeat makes again."""
    token = correlation_id.set("corr-1")
    assert await slowly(world) == await slowly(world) == redemption(1)
    correlation_id.reset(token)
    (flow,) = world.journal.submissions.values()
    assert (flow.kind, flow.correlation_id) == ("points.void", "corr-1")
    assert flow.flow_id == flow_id_of(scoped_key(ADA, "slow", "k1"))


async def test_a_full_journal_takes_no_slow_write(world: World) -> None:
    """With as many flows as may wait, the caller is told when to come back, and the key is free until then."""
    world.journal.full = True
    refused = await slowly(world)
    assert isinstance(refused, RetryLater)
    assert refused.retry_after_seconds == 5
    assert (world.journal.rows, world.journal.submissions) == ({}, {})
    world.journal.full = False
    assert await slowly(world) == redemption(1)


async def test_a_slow_write_that_cannot_be_kept_is_no_success(world: World) -> None:
    """An answer whose flow is not in the journal is not given."""
    world.journal.failing = {"settle"}
    with pytest.raises(JournalUnavailable):
        await slowly(world)
    assert world.journal.submissions == {}
