"""What every sandbox service stands on: routes, strict asks, idempotent writes, call counters, faults, events.

Knows nothing of retail, and does not know which services stand on it (each offers `routes(world, clock, tell)`)."""

from domains.sandbox.chassis.answer import answers, found, instant, page_of, pages
from domains.sandbox.chassis.app import build_app
from domains.sandbox.chassis.ask import (
    maybe_id,
    maybe_member,
    maybe_text,
    misshapen,
    want_decimal,
    want_id,
    want_instant,
    want_int,
    want_list,
    want_member,
    want_money,
    want_object,
    want_objects,
    want_text,
    want_texts,
)
from domains.sandbox.chassis.outbox import Outbox
from domains.sandbox.chassis.route import KEY, Clock, Refused, Route, Tell, untold
from domains.sandbox.chassis.weather import STILL, USUAL, Latency, Weather

__all__ = [
    "KEY",
    "STILL",
    "USUAL",
    "Clock",
    "Latency",
    "Outbox",
    "Refused",
    "Route",
    "Tell",
    "Weather",
    "answers",
    "build_app",
    "found",
    "instant",
    "maybe_id",
    "maybe_member",
    "maybe_text",
    "misshapen",
    "page_of",
    "pages",
    "untold",
    "want_decimal",
    "want_id",
    "want_instant",
    "want_int",
    "want_list",
    "want_member",
    "want_money",
    "want_object",
    "want_objects",
    "want_text",
    "want_texts",
]
