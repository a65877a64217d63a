"""Whether somebody who names an order may see it without signing in."""

import hmac

from domains.orders.model import Order


def proves(order: Order, email: str | None, postal_code: str | None) -> bool:
    """Whether the email or the postal code is the order's own.

    Letter case and spaces do not matter. A blank proves nothing, on either side. Both are compared in constant time,
    whatever the first comparison gave, so that the answer's timing tells nothing of the order.
    """
    by_email = _same(order.email, email)
    by_postal_code = _same(order.postal_code, postal_code)
    return by_email or by_postal_code


def _same(known: str | None, given: str | None) -> bool:
    known_key, given_key = _key(known), _key(given)
    return hmac.compare_digest(known_key, given_key) and known_key != b""


def _key(text: str | None) -> bytes:
    # Surrogates may reach us in JSON escapes. They match nothing, but must not raise.
    return "".join((text or "").split()).casefold().encode(errors="surrogatepass")
