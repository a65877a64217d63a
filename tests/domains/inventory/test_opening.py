"""When a store opens, by the clock on its own wall."""

from datetime import UTC, datetime, time

import pytest

from domains.inventory import Location, OpeningHours
from domains.inventory.opening import opens_at
from domains.vocabulary import LocationId


def store(*hours: tuple[int, str, str], zone: str | None = "Europe/Berlin") -> Location:
    return Location(
        id=LocationId("store-001"),
        time_zone=zone,
        opening_hours=tuple(
            OpeningHours(weekday=day, opens=time.fromisoformat(opens), closes=time.fromisoformat(closes))
            for day, opens, closes in hours
        ),
    )


# 2 March 2026 is a Monday; Berlin is an hour ahead of UTC, and two from 29 March on.
@pytest.mark.parametrize(
    ("hours", "now", "opens"),
    [
        ([(1, "09:00", "18:00")], "2026-03-02T10:00", "2026-03-02T10:00"),
        ([(1, "09:00", "18:00")], "2026-03-02T07:00", "2026-03-02T08:00"),
        ([(1, "09:00", "18:00")], "2026-03-02T17:00", "2026-03-09T08:00"),
        ([(1, "09:00", "12:00"), (1, "14:00", "18:00")], "2026-03-02T11:30", "2026-03-02T13:00"),
        ([(1, "09:00", "18:00"), (2, "07:00", "08:00")], "2026-03-02T17:30", "2026-03-03T06:00"),
        ([(1, "20:00", "00:00")], "2026-03-02T22:30", "2026-03-02T22:30"),
        ([(7, "09:00", "18:00")], "2026-03-28T23:30", "2026-03-29T07:00"),
    ],
)
def test_opens_now_or_next(hours: list[tuple[int, str, str]], now: str, opens: str) -> None:
    """An open store opens now, a closed one at its next opening, in a week at the latest, also when clocks change."""
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert opens_at(store(*hours), moment) == datetime.fromisoformat(opens).replace(tzinfo=UTC)


def test_what_is_not_known_is_not_guessed() -> None:
    """Without hours, without a time zone, or with one that does not exist, nobody knows when a store opens."""
    now = datetime(2026, 3, 2, 10, tzinfo=UTC)
    monday = (1, "09:00", "18:00")
    assert opens_at(store(), now) is None
    assert opens_at(store(monday, zone=None), now) is None
    assert opens_at(store(monday, zone="Mars/Olympus"), now) is None
    assert opens_at(store(monday, zone="../etc"), now) is None
