"""Every error names its system, and keeps to itself what clients must not see."""

import pytest

from domains.vocabulary import (
    BreakerOpen,
    DeadlineExceeded,
    ProjectionCold,
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

BLAMED: list[type[UpstreamError]] = [UpstreamUnreachable, UpstreamTimeout, UpstreamFailed, UpstreamGarbled]
SPARED: list[type[UpstreamError]] = [
    UpstreamThrottled,
    UpstreamSaturated,
    BreakerOpen,
    ProjectionCold,
    DeadlineExceeded,
]


@pytest.mark.parametrize("kind", [*BLAMED, *SPARED])
def test_clients_read_the_system_and_never_the_detail(kind: type[UpstreamError]) -> None:
    """The public message names system and capability; addresses stay in the detail. Blame is as the tree says."""
    error = kind(SystemRole.ERP, "stock", "http://erp.internal:8443 said no", retry_after_s=7.2)
    assert "ERP (stock)" in error.public_message
    assert "Try again in 8 s." in error.public_message
    assert "internal" not in error.public_message
    assert "internal" in str(error)
    assert error.counts_against is (kind in BLAMED)


@pytest.mark.parametrize(("retry_after_s", "when"), [(0.3, "in 1 s"), (2.0, "in 2 s"), (0.0, "in a moment")])
def test_nobody_is_told_to_come_too_early(retry_after_s: float, when: str) -> None:
    """A breaker that opens in a third of a second is not to be asked in 0 s."""
    error = BreakerOpen(SystemRole.OMS, "stock", retry_after_s=retry_after_s)
    assert error.public_message.endswith(f"Try again {when}.")


def test_a_no_will_be_a_no_again() -> None:
    """A rejection counts against nobody, and its message advises against repeating."""
    error = UpstreamRejected(SystemRole.OMS, "returns", "secret", status=409, reason="QUANTITY_EXCEEDED")
    assert not error.retryable
    assert not error.counts_against
    assert error.public_message == "OMS (returns) does not accept this request. The same request will fail again."


def test_codes_are_distinct() -> None:
    """Each error has a public code of its own."""
    kinds: list[type[UpstreamError]] = [*BLAMED, *SPARED, UpstreamRejected, UpstreamError]
    assert len({kind.code for kind in kinds}) == len(kinds)
