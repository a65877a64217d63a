"""What every sandbox service stands on: routes, strict asks, idempotent writes, call counters, latency and faults.

Knows nothing of retail, and does not know which services stand on it (each offers `routes(world, clock)`)."""

from domains.sandbox.chassis.answer import answers, found, instant, page_of, pages
from domains.sandbox.chassis.app import build_app
from domains.sandbox.chassis.ask import (
    maybe_member,
    maybe_text,
    misshapen,
    want_decimal,
    want_int,
    want_list,
    want_member,
    want_money,
    want_object,
    want_objects,
    want_text,
    want_texts,
)
from domains.sandbox.chassis.route import Clock, Refused, Route
from domains.sandbox.chassis.weather import STILL, USUAL, Latency, Weather

__all__ = [
    "STILL",
    "USUAL",
    "Clock",
    "Latency",
    "Refused",
    "Route",
    "Weather",
    "answers",
    "build_app",
    "found",
    "instant",
    "maybe_member",
    "maybe_text",
    "misshapen",
    "page_of",
    "pages",
    "want_decimal",
    "want_int",
    "want_list",
    "want_member",
    "want_money",
    "want_object",
    "want_objects",
    "want_text",
    "want_texts",
]
