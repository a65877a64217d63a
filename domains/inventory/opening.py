"""When a location opens."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domains.inventory.model import Location

_DAYS = 8  # today's hours may be over, and the only open day of a week be this one


def opens_at(location: Location, now: datetime) -> datetime | None:
    """`now` if the location is open, else when it opens next; None when its hours or its time zone are not known.

    Opening hours are those of the calendar where the location stands; holidays are not in them.
    """
    zone = _zone(location.time_zone)
    if zone is None:
        return None
    here = now.astimezone(zone)
    next_ones = []
    for ahead in range(_DAYS):
        day = here.date() + timedelta(days=ahead)
        for hours in location.opening_hours:
            if hours.weekday != day.isoweekday():
                continue
            opens = datetime.combine(day, hours.opens, zone)
            closes_day = day if hours.closes > hours.opens else day + timedelta(days=1)
            # Compared in UTC: two local times of one zone are compared by their faces, which lie when clocks change.
            if datetime.combine(closes_day, hours.closes, zone).astimezone(UTC) > now:
                next_ones.append(max(opens.astimezone(UTC), now))
    return min(next_ones, default=None)


def _zone(name: str | None) -> ZoneInfo | None:
    try:
        return None if name is None else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return None
