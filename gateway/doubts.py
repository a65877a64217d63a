"""Settings that can be used and will hardly be meant."""

from __future__ import annotations

from domains.vocabulary import SystemRole
from gateway.settings import Settings


def doubts(settings: Settings) -> tuple[str, ...]:
    """One sentence for each number that another one leaves without effect; none for the settings as they come."""
    return tuple(told for role in SystemRole if (told := _never_slow(settings, role)))


def _never_slow(settings: Settings, role: SystemRole) -> str | None:
    wire, deadline_s = settings.systems.of(role).wire, settings.http.request_timeout_s
    longest_s = deadline_s - wire.deadline_margin_s
    if wire.slow_call_s < longest_s:
        return None
    # A call that our own deadline cuts is no failure; only as a slow one does it count.
    return (
        f"systems.{role.value.lower()}.wire.slow_call_s is {wire.slow_call_s:g}, and no call that somebody waits for "
        f"lasts longer than {longest_s:g} s (http.request_timeout_s is {deadline_s:g}): when {role.value} hangs, its "
        f"breaker stays closed and each answer waits to the end. Take less than {longest_s:g}."
    )
