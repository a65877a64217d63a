"""Subscriptions: follows the news, and answers an operation anew when something happened to what it watches.

Does not know HTTP, WebSockets, or what any field means."""

from gateway.streams.census import TooManyStreams
from gateway.streams.ends import EndReason, SlowReader
from gateway.streams.settings import StreamSettings
from gateway.streams.stream import LAST_EVENT_ID, Ask, Stream, Told
from gateway.streams.streams import Refused, Streams
from gateway.streams.writer import Writer

__all__ = [
    "LAST_EVENT_ID",
    "Ask",
    "EndReason",
    "Refused",
    "SlowReader",
    "Stream",
    "StreamSettings",
    "Streams",
    "Told",
    "TooManyStreams",
    "Writer",
]
