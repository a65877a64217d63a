"""The OMS records a return once, and its every answer, even none, is told as it is."""

from datetime import timedelta

import pytest

from domains.returns import (
    ItemNotReturnable,
    OrderNotFound,
    QuantityExceeded,
    ReturnAuthorization,
    SaleLine,
    authorize,
)
from domains.vocabulary import (
    BackendUnavailable,
    BreakerOpen,
    DeadlineExceeded,
    IdempotencyConflict,
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
from tests.domains.returns.desk import NOW, back, command, desk, sold

UNHEARD = [UpstreamTimeout, UpstreamUnreachable, UpstreamFailed, UpstreamGarbled, DeadlineExceeded]
UNASKED = [BreakerOpen, UpstreamSaturated, UpstreamThrottled]


def rejected(reason: str | None, status: int = 409) -> UpstreamRejected:
    return UpstreamRejected(SystemRole.OMS, "returns", status=status, reason=reason)


@pytest.mark.parametrize(
    ("line", "asked", "refusal"),
    [(sold("1", open_returns=3), "3", ItemNotReturnable), (sold("1", open_returns=2), "2", QuantityExceeded)],
)
async def test_a_repeat_of_an_unheard_return_reaches_the_oms(line: SaleLine, asked: str, refusal: type) -> None:
    """Where only open returns are in the way, one of them may be this very command: the OMS knows by the key."""
    at = desk(line)
    assert isinstance(await authorize(at.port(), command(back("1", asked)), NOW), ReturnAuthorization)
    at.record_error = rejected("QUANTITY_EXCEEDED")
    assert isinstance(await authorize(at.port(), command(back("1", asked)), NOW), refusal)


async def test_a_repeat_asks_for_the_same_return() -> None:
    """The draft does not change with what the first try has already recorded, so the key is not in conflict."""
    before, after = desk(sold("1")), desk(sold("1", open_returns=1))
    await authorize(before.port(), command(back("1")), NOW)
    await authorize(after.port(), command(back("1")), NOW + timedelta(minutes=5))
    assert before.records == after.records


@pytest.mark.parametrize(
    ("reason", "refusal"),
    [
        ("ORDER_NOT_FOUND", OrderNotFound),
        ("QUANTITY_EXCEEDED", QuantityExceeded),
        ("IDEMPOTENCY_CONFLICT", IdempotencyConflict),
    ],
)
async def test_the_oms_no_is_a_refusal(reason: str, refusal: type) -> None:
    """Each reason of the contract has its own refusal, which is not to be repeated."""
    at = desk()
    at.record_error = rejected(reason)
    answer = await authorize(at.port(), command(back()), NOW)
    assert isinstance(answer, Refusal)
    assert isinstance(answer, refusal)
    assert not answer.retryable


async def test_a_no_outside_the_contract_is_a_fault() -> None:
    """A rejection without a known reason is ours to mend, so it is raised, from reads and writes alike."""
    at = desk()
    at.record_error = rejected(None, status=401)
    with pytest.raises(UpstreamRejected):
        await authorize(at.port(), command(back()), NOW)
    at.sales_error = rejected(None, status=403)
    with pytest.raises(UpstreamRejected):
        await authorize(at.port(), command(back()), NOW)


@pytest.mark.parametrize("kind", UNHEARD)
async def test_an_unheard_record_is_safe_to_repeat(kind: type[UpstreamError]) -> None:
    """When the outcome is unknown, the refusal says that the same idempotency key is safe to repeat."""
    at = desk()
    at.record_error = kind(SystemRole.OMS, "returns", "secret", retry_after_s=1.2)
    answer = await authorize(at.port(), command(back()), NOW)
    assert isinstance(answer, BackendUnavailable)
    assert (answer.retryable, answer.retry_after_seconds, answer.system) == (True, 2, SystemRole.OMS)
    assert "safe to repeat the request with the same idempotency key" in answer.message
    assert "secret" not in answer.message


@pytest.mark.parametrize("kind", UNASKED)
async def test_an_oms_that_was_not_asked_recorded_nothing(kind: type[UpstreamError]) -> None:
    """When the call was never made, the refusal says that nothing was recorded."""
    at = desk()
    at.record_error = kind(SystemRole.OMS, "returns")
    answer = await authorize(at.port(), command(back()), NOW)
    assert isinstance(answer, BackendUnavailable)
    assert answer.retryable
    assert "No return was recorded." in answer.message


@pytest.mark.parametrize("kind", UNHEARD + UNASKED)
@pytest.mark.parametrize("read", ["sales_error", "policies_error"])
async def test_without_sale_and_policies_nothing_is_authorized(kind: type[UpstreamError], read: str) -> None:
    """Any failure to read either is a refusal, and the OMS is not asked to record."""
    at = desk()
    setattr(at, read, kind(SystemRole.OMS, "returns"))
    answer = await authorize(at.port(), command(back()), NOW)
    assert isinstance(answer, BackendUnavailable)
    assert answer.retryable
    assert at.records == []
