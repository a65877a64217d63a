"""Events: heard at the door, kept before they are acknowledged, taken in order; and told to whoever follows.

Deliberately does not know what any event means to retail: whoever assembles the house says what is to be done."""

from gateway.events.destinations import cloud_event, stream, webhook
from gateway.events.door import Ears, EventDoor
from gateway.events.signatures import PREFIX, NotAuthentic, WebhookSecret, signed_headers, verify
from gateway.events.taking import Consequences, Hearing, Taker
from gateway.events.telling import Destination, NotTaken, Teller

__all__ = [
    "PREFIX",
    "Consequences",
    "Destination",
    "Ears",
    "EventDoor",
    "Hearing",
    "NotAuthentic",
    "NotTaken",
    "Taker",
    "Teller",
    "WebhookSecret",
    "cloud_event",
    "signed_headers",
    "stream",
    "verify",
    "webhook",
]
