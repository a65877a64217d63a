"""The newest statement holds, and in doubt the stricter one."""

from datetime import UTC, datetime
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from domains.customers import Consent, ConsentChannel, ConsentState, in_force

EMAIL, SMS = ConsentChannel.EMAIL, ConsentChannel.SMS
IN, OUT, PENDING = ConsentState.OPTED_IN, ConsentState.OPTED_OUT, ConsentState.PENDING
LOGS = st.lists(
    st.builds(
        Consent,
        channel=st.sampled_from([EMAIL, SMS]),
        purpose=st.sampled_from([None, "marketing", "Marketing"]),
        state=st.sampled_from(ConsentState),
        changed_at=st.none() | st.integers(1, 3).map(lambda day: datetime(2026, 1, day, tzinfo=UTC)),
    ),
    max_size=8,
)


def said(state: ConsentState, day: int | None, channel: ConsentChannel = EMAIL, purpose: str | None = None) -> Consent:
    at = None if day is None else datetime(2026, 1, day, tzinfo=UTC)
    return Consent(channel=channel, purpose=purpose, state=state, changed_at=at)


def states(*log: Consent) -> list[ConsentState]:
    return [consent.state for consent in in_force(log)]


def pair(consent: Consent) -> tuple[ConsentChannel, str | None]:
    return consent.channel, consent.purpose and consent.purpose.lower()


def test_the_newest_wins() -> None:
    """Whoever opted out and in again is in, whatever the order of the log."""
    assert states(said(OUT, 1), said(IN, 2)) == states(said(IN, 2), said(OUT, 1)) == [IN]


def test_in_doubt_the_stricter_wins() -> None:
    """At the same moment, or when a moment is missing, out beats pending beats in."""
    assert states(said(IN, 1), said(PENDING, 1)) == [PENDING]
    assert states(said(OUT, 1), said(PENDING, 1), said(IN, 1)) == [OUT]
    assert states(said(IN, 2), said(OUT, None)) == [OUT], "the undated one may be the newer"
    assert states(said(OUT, None), said(IN, None)) == [OUT]
    assert states(said(ConsentState.UNKNOWN, 1), said(IN, 1)) == [ConsentState.UNKNOWN]


def test_an_undated_yes_does_not_lift_a_dated_no() -> None:
    """Only a statement known to be newer lifts an opt-out."""
    assert states(said(OUT, 1), said(IN, None)) == [OUT]


def test_channels_and_purposes_are_apart() -> None:
    """Each pair has its own consent, in the order in which the log first names it."""
    log = (said(IN, 1, SMS), said(OUT, 3, EMAIL, "marketing"), said(IN, 2, EMAIL), said(OUT, 2, SMS))
    assert in_force(log) == (log[3], log[1], log[2])


def test_letter_case_makes_no_purpose_of_its_own() -> None:
    """Who opted in to "Marketing" and later out of "marketing" is out."""
    log = (said(IN, 1, purpose="Marketing"), said(OUT, 2, purpose="marketing"))
    assert in_force(log) == (log[1],)


@settings(max_examples=200)
@given(LOGS, st.randoms())
def test_the_order_of_the_log_decides_nothing(log: list[Consent], random: Random) -> None:
    """A shuffled log gives the same consents, one per pair, and asking again changes nothing."""
    shuffled = sorted(log, key=lambda _: random.random())
    assert set(in_force(log)) == set(in_force(shuffled))
    assert len({pair(consent) for consent in in_force(log)}) == len(in_force(log))
    assert in_force(in_force(log)) == in_force(log)


@settings(max_examples=200)
@given(LOGS)
def test_a_yes_is_never_invented(log: list[Consent]) -> None:
    """Where the result is opted in, no opt-out is as new or undated."""
    for consent in in_force(log):
        rivals = [other for other in log if pair(other) == pair(consent)]
        for other in rivals:
            if consent.state is IN and other.state is OUT:
                assert other.changed_at is not None
                assert consent.changed_at is not None
                assert consent.changed_at > other.changed_at
