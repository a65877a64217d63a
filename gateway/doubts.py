"""Settings that can be used and will hardly be meant."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from domains.vocabulary import SystemRole
from gateway.settings import Settings


def doubts(settings: Settings) -> tuple[str, ...]:
    """A sentence for each number that another one leaves without effect, and for each secret way of telling that is
    not; none for the settings as they come."""
    slow = (told for role in SystemRole if (told := _never_slow(settings, role)))
    return (*slow, *_in_the_clear(settings), *_believes_everybody(settings))


def _in_the_clear(settings: Settings) -> Iterator[str]:
    for name, one in settings.events.webhooks.items():
        if urlsplit(one.url).scheme == "http" and urlsplit(one.url).hostname not in {"localhost", "127.0.0.1", "::1"}:
            yield f"events.webhooks.{name}.url is http://: whoever is on the way reads orders and customers' ids."


def _believes_everybody(settings: Settings) -> Iterator[str]:
    if any(network.prefixlen == 0 for network in settings.server.proxies.networks):
        yield "server.trusted_proxies names every address there is: any caller says for itself where it asks from."


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
