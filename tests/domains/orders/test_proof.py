"""A guest sees an order only by what its buyer knows."""

from datetime import UTC, datetime

import pytest

from domains.orders import Order, OrderFacts, proves
from domains.vocabulary import OrderId


def order(email: str | None = "Ada@Example.com", postal_code: str | None = "SW1A 1AA") -> Order:
    return Order(
        id=OrderId("ord-000001"),
        order_number="R100000001",
        placed_at=datetime(2026, 1, 1, tzinfo=UTC),
        email=email,
        postal_code=postal_code,
        facts=OrderFacts(),
        lines=(),
    )


@pytest.mark.parametrize(
    ("email", "postal_code"),
    [
        ("ada@example.com", None),
        (" ADA@EXAMPLE.COM ", None),
        (None, "sw1a1aa"),
        (None, " SW1A 1aa"),
        ("someone@example.com", "SW1A 1AA"),
        ("ada@example.com", "10115"),
    ],
)
def test_the_email_or_the_postal_code_proves(email: str | None, postal_code: str | None) -> None:
    """Either is enough, whatever its case and spaces."""
    assert proves(order(), email, postal_code)


@pytest.mark.parametrize(
    ("email", "postal_code"),
    [
        (None, None),
        ("", ""),
        ("  ", None),
        ("ada@example.co", None),
        ("ada@example.comm", None),
        (None, "SW1A 1A"),
        ("SW1A 1AA", "ada@example.com"),
        ("\ud800", None),
        ("ада@example.com", None),
    ],
)
def test_anything_else_does_not(email: str | None, postal_code: str | None) -> None:
    """Nothing, parts, swapped fields, look-alikes and broken text prove nothing, and raise nothing."""
    assert not proves(order(), email, postal_code)


@pytest.mark.parametrize("blank", [None, "", " "])
def test_an_order_without_either_cannot_be_seen_by_it(blank: str | None) -> None:
    """What the order itself lacks is matched by nobody, least of all by a blank."""
    bare = order(email=blank, postal_code=blank)
    assert not proves(bare, None, None)
    assert not proves(bare, "", " ")
    assert not proves(bare, "ada@example.com", "SW1A 1AA")
