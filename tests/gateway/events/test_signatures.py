"""Who may post events."""

from __future__ import annotations

import base64

import pytest

from gateway.events import NotAuthentic, WebhookSecret, signed_headers, verify
from tests.gateway.events.posting import KEY, NOW, SECRET

OTHER = WebhookSecret.parse("whsec_" + base64.b64encode(b"o" * 32).decode())
BODY = b'{"type":"erp.product.changed"}'


def test_the_specification_s_own_example_is_authentic() -> None:
    """The signature that the Standard Webhooks specification's reference libraries test with is taken."""
    secret = WebhookSecret.parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    assert verify([secret], headers, b'{"test": 2432232314}', 1614265330.0) == "msg_p5jXN8AQM9LWM0D4loKWxJek"


def test_either_of_two_secrets_vouches() -> None:
    """While a secret is changed, what the old one signed is taken as well as what the new one did."""
    for key in (KEY, OTHER):
        assert verify([KEY, OTHER], signed_headers(key, "m", int(NOW), BODY), BODY, NOW) == "m"


@pytest.mark.parametrize(
    ("change", "at", "body"),
    [
        ({"webhook-id": "other"}, NOW, BODY),
        ({"webhook-id": ""}, NOW, BODY),
        ({"webhook-signature": ""}, NOW, BODY),
        ({"webhook-signature": "v1,AAAA"}, NOW, BODY),
        ({"webhook-timestamp": "1.5"}, NOW, BODY),
        ({"webhook-timestamp": "9" * 40}, NOW, BODY),
        ({}, NOW + 301, BODY),
        ({}, NOW - 301, BODY),
        ({}, NOW, BODY + b" "),
    ],
)
def test_what_was_changed_or_recorded_is_refused(change: dict[str, str], at: float, body: bytes) -> None:
    """Another id, time or body, no signature, and a repeat from five minutes ago are not authentic."""
    with pytest.raises(NotAuthentic):
        verify([KEY], signed_headers(KEY, "m", int(NOW), BODY) | change, body, at)


def test_an_id_that_no_index_holds_is_refused() -> None:
    """Nobody names a webhook by more than 255 characters, and Postgres could not find it again by some thousands."""
    assert verify([KEY], signed_headers(KEY, "m" * 255, int(NOW), BODY), BODY, NOW)
    with pytest.raises(NotAuthentic, match="255"):
        verify([KEY], signed_headers(KEY, "m" * 256, int(NOW), BODY), BODY, NOW)


def test_nobody_is_authentic_without_a_secret() -> None:
    """A source that has no secret, because nobody knows it, can prove nothing."""
    with pytest.raises(NotAuthentic):
        verify([], signed_headers(KEY, "m", int(NOW), BODY), BODY, NOW)


@pytest.mark.parametrize("text", ["", "whsec_", "whsec_AAAA", SECRET.removeprefix("whsec_"), "whsec_!!!!"])
def test_a_secret_that_cannot_sign_is_refused(text: str) -> None:
    """A secret without its prefix, too short, or not base64 is told at the start."""
    with pytest.raises(ValueError, match="whsec_"):
        WebhookSecret.parse(text)
