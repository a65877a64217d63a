"""Whether what exists for marketing may be shown of a customer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.customers import Consent, ConsentChannel, ConsentState, Customer, in_force, marketable
from domains.vocabulary import CustomerId

IN, OUT, PENDING, UNKNOWN = (ConsentState[name] for name in ("OPTED_IN", "OPTED_OUT", "PENDING", "UNKNOWN"))
EMAIL, PUSH = ConsentChannel.EMAIL, ConsentChannel.PUSH
DAY = datetime(2026, 3, 1, tzinfo=UTC)


def said(
    state: ConsentState, purpose: str | None = "marketing", channel: ConsentChannel = EMAIL, day: int = 0
) -> Consent:
    return Consent(channel=channel, purpose=purpose, state=state, changed_at=DAY + timedelta(days=day))


def customer(*consents: Consent) -> Customer:
    return Customer(id=CustomerId("cust-1"), segments=("vip",), consents=consents)


@pytest.mark.parametrize(
    ("consents", "may"),
    [
        ((), False),
        ((said(IN),), True),
        ((said(IN, "Marketing"),), True),
        ((said(OUT),), False),
        ((said(PENDING),), False),
        ((said(UNKNOWN),), False),
        ((said(IN, "service"),), False),
        ((said(IN, None),), False),
        ((said(IN), said(OUT, day=1)), False),
        ((said(IN, "Marketing"), said(OUT, day=1)), False),
        ((said(OUT), said(IN, day=1)), True),
        ((said(OUT), said(IN, channel=PUSH)), True),
    ],
)
def test_only_a_consent_that_holds_now_counts(consents: tuple[Consent, ...], may: bool) -> None:
    """One channel is enough; silence, another purpose, none at all, and what was taken back since are not."""
    assert marketable(customer(*consents)) is may


def test_another_purpose_is_another_question() -> None:
    """Who agreed to profiling did not agree to marketing, and the other way round."""
    profiled = customer(said(IN, "profiling"))
    assert marketable(profiled, "profiling")
    assert not marketable(profiled)


_ANY = st.builds(
    said,
    st.sampled_from([IN, OUT, PENDING, UNKNOWN]),
    st.sampled_from(["marketing", "service", None]),
    st.sampled_from([EMAIL, PUSH]),
    st.integers(0, 3),
)


@given(st.lists(_ANY, max_size=8))
def test_it_is_never_wider_than_what_is_in_force(consents: list[Consent]) -> None:
    """Without an opt-in to marketing that holds, nothing is shown, whatever the log holds."""
    holds = {one.state for one in in_force(consents) if one.purpose == "marketing"}
    assert marketable(customer(*consents)) is (IN in holds)
