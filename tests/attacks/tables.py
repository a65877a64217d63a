"""All attacks that are one request and one answer."""

from tests.attacks import bodies, credentials, documented, documents, protocol, webhooks
from tests.attacks.row import Attack

ROWS: tuple[Attack, ...] = (
    *documents.ROWS,
    *bodies.ROWS,
    *protocol.ROWS,
    *documented.ROWS,
    *credentials.ROWS,
    *webhooks.ROWS,
)
