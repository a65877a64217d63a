"""Points are held by the engine's word, and every no says why."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from domains.loyalty import (
    HoldPoints,
    InsufficientPoints,
    LoyaltyRedemption,
    MembershipNotFound,
    PointsHold,
    RedemptionState,
    hold,
)
from domains.vocabulary import (
    BackendUnavailable,
    BreakerOpen,
    DeadlineExceeded,
    FreshnessTier,
    IdempotencyConflict,
    IdempotencyKey,
    InvalidInput,
    MembershipId,
    Refusal,
    SystemRole,
    UpstreamError,
    UpstreamFailed,
    UpstreamGarbled,
    UpstreamRejected,
    UpstreamSaturated,
    UpstreamThrottled,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from tests.domains.loyalty.engine import MEMBER, Engine, points, rejected

UNHEARD = [UpstreamTimeout, UpstreamUnreachable, UpstreamFailed, UpstreamGarbled, DeadlineExceeded]
UNASKED = [BreakerOpen, UpstreamSaturated, UpstreamThrottled]


def command(value: str = "30", member: str = "mem-00001", ttl_s: int = 600) -> HoldPoints:
    return HoldPoints(
        membership_id=MembershipId(member),
        points=Decimal(value),
        basket_reference="basket-7",
        ttl_s=ttl_s,
        idempotency_key=IdempotencyKey("key-1"),
    )


async def test_a_hold_is_passed_on_with_its_key() -> None:
    """The engine gets points in its own currency, the basket, the time to live and the key; its answer is returned."""
    engine = Engine()
    answer = await hold(engine.port(), command())
    assert isinstance(answer, LoyaltyRedemption)
    draft = PointsHold(membership_id=MEMBER, points=points(30), basket_reference="basket-7", ttl_s=600)
    assert engine.writes == [(draft, "key-1")]


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        (command("0"), ("input", "points")),
        (command("-1"), ("input", "points")),
        (command("NaN"), ("input", "points")),
        (command("0.5"), ("input", "points")),
        (command(ttl_s=0), ("input", "ttlSeconds")),
        (command(ttl_s=604_801), ("input", "ttlSeconds")),
    ],
)
async def test_points_nobody_could_hold_are_wrong_input(wrong: HoldPoints, path: tuple[str, ...]) -> None:
    """No points, fractions of an undivided currency and impossible times raise, and the engine is asked nothing."""
    engine = Engine()
    with pytest.raises(InvalidInput) as caught:
        await hold(engine.port(), wrong)
    assert caught.value.path == path
    assert engine.writes == []


async def test_an_unknown_member_has_nothing_to_hold() -> None:
    """A membership without a balance is refused before the engine is asked to hold."""
    engine = Engine()
    answer = await hold(engine.port(), command(member="mem-404"))
    assert isinstance(answer, MembershipNotFound)
    assert engine.writes == []


async def test_too_few_points_are_refused_at_once() -> None:
    """The refusal says how many are available; the engine is spared."""
    engine = Engine(available=29)
    answer = await hold(engine.port(), command())
    assert isinstance(answer, InsufficientPoints)
    assert answer.available == points(29)
    assert "29 are available" in answer.message
    assert engine.writes == []


@pytest.mark.parametrize(
    "engine",
    [
        Engine(available=0, held=30),
        Engine(available=0, tier=FreshnessTier.STALE_OK),
        Engine(available=0, tier=FreshnessTier.FRESH),
    ],
)
async def test_where_the_balance_proves_nothing_the_engine_decides(engine: Engine) -> None:
    """Points already held may be those of an unheard first try, and a remembered balance may be behind: it is asked."""
    assert isinstance(await hold(engine.port(), command()), LoyaltyRedemption)
    engine.write_error = rejected("INSUFFICIENT_POINTS")
    answer = await hold(engine.port(), command())
    assert isinstance(answer, InsufficientPoints)
    assert answer.available == points(0)


class SpentElsewhere(Engine):
    """Shows 100 points, of which 80 are spent at a till by the time that some are to be held."""

    def _write(self, what: object, key: str, state: RedemptionState) -> LoyaltyRedemption:
        self.balance = replace(self.balance, available=points(20))
        return super()._write(what, key, state)


async def test_a_refusal_says_what_there_is_now() -> None:
    """Not what a balance showed that allowed the hold; and where that cannot be read, no figure that contradicts it."""
    engine: Engine = SpentElsewhere()
    engine.write_error = rejected("INSUFFICIENT_POINTS")
    answer = await hold(engine.port(), command())
    assert isinstance(answer, InsufficientPoints)
    assert answer.available == points(20)
    assert answer.message == "30 points were asked for and 20 are available. Hold fewer points."
    engine = Engine()
    engine.write_error = rejected("INSUFFICIENT_POINTS")
    answer = await hold(engine.port(), command())
    assert isinstance(answer, InsufficientPoints)
    assert answer.message == "30 points were asked for and fewer were available. Hold fewer points."


@pytest.mark.parametrize(
    ("reason", "refusal"),
    [
        ("INSUFFICIENT_POINTS", InsufficientPoints),
        ("MEMBERSHIP_NOT_FOUND", MembershipNotFound),
        ("IDEMPOTENCY_CONFLICT", IdempotencyConflict),
    ],
)
async def test_the_engines_no_to_a_hold_is_a_refusal(reason: str, refusal: type) -> None:
    """Each reason of the contract has its own refusal, which is not to be repeated."""
    engine = Engine()
    engine.write_error = rejected(reason)
    answer = await hold(engine.port(), command())
    assert isinstance(answer, Refusal)
    assert isinstance(answer, refusal)
    assert not answer.retryable


async def test_a_no_outside_the_contract_is_a_fault() -> None:
    """A rejection without a known reason is ours to mend, so it is raised, from reads and writes alike."""
    engine = Engine()
    engine.write_error = rejected(None, status=401)
    with pytest.raises(UpstreamRejected):
        await hold(engine.port(), command())
    engine.balance_error = rejected(None, status=403)
    with pytest.raises(UpstreamRejected):
        await hold(engine.port(), command())


@pytest.mark.parametrize("kind", UNHEARD)
async def test_an_unheard_hold_is_safe_to_repeat(kind: type[UpstreamError]) -> None:
    """When the engine shows no such hold either, the refusal says that the same idempotency key is safe to repeat."""
    engine = Engine()
    engine.write_error = kind(SystemRole.LOYALTY, "redemptions", "secret", retry_after_s=1.2)
    answer = await hold(engine.port(), command())
    assert isinstance(answer, BackendUnavailable)
    assert answer.retryable
    assert answer.retry_after_seconds == 2
    assert "safe to repeat the request with the same idempotency key" in answer.message
    assert "secret" not in answer.message
    assert len(engine.writes) == 2


@pytest.mark.parametrize("kind", UNASKED)
async def test_an_engine_that_was_not_asked_changed_nothing(kind: type[UpstreamError]) -> None:
    """When the call was never made, the refusal says that nothing was changed."""
    engine = Engine()
    engine.write_error = kind(SystemRole.LOYALTY, "redemptions")
    held = await hold(engine.port(), command())
    assert isinstance(held, BackendUnavailable)
    assert "No points were held." in held.message
    assert held.system is SystemRole.LOYALTY
    assert held.retry_after_seconds is None


@pytest.mark.parametrize("kind", UNHEARD + UNASKED)
async def test_without_a_balance_nothing_is_held(kind: type[UpstreamError]) -> None:
    """Any failure to read the balance is a refusal, and the engine is not asked to hold."""
    engine = Engine()
    engine.balance_error = kind(SystemRole.LOYALTY, "balances")
    answer = await hold(engine.port(), command())
    assert isinstance(answer, BackendUnavailable)
    assert answer.retryable
    assert engine.writes == []
