"""The ids and numbers of orders that are taken here: made from the write's key, so that a repeat makes the same."""

from __future__ import annotations

import re

from domains.vocabulary import IdempotencyKey, OrderId

_HEX = 15  # 60 bits of a SHA-256: among ten million orders two are alike with a chance of 1 in 23,000
_LETTERS = 12  # the same 60 bits in letters of five
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32 (crockford.com/base32.html): no I, L, O or U to be misread on the telephone."""

_ID = re.compile(r"web-(?P<bits>[0-9a-f]{15})", re.ASCII)
_NUMBER = re.compile(rf"W(?P<bits>[{_ALPHABET}]{{12}})", re.ASCII)


def order_id_of(key: IdempotencyKey) -> OrderId:
    """The id of the order that the write of `key` submits. `key` is a scoped one: hexadecimal, 64 characters."""
    return OrderId(f"web-{key[:_HEX]}")


def order_number_of(order_id: OrderId) -> str:
    """The number that the customer is told, as in W0ABCD1234EFG: the id in other letters. Raises ValueError."""
    found = _ID.fullmatch(order_id)
    if found is None:
        raise ValueError(f"{order_id} is not an id that was made here")
    bits = int(found["bits"], 16)
    return "W" + "".join(_ALPHABET[bits >> 5 * place & 31] for place in reversed(range(_LETTERS)))


def is_ours(order_id: OrderId) -> bool:
    """Whether the id may have been made here."""
    return _ID.fullmatch(order_id) is not None


def order_id_behind(number: str) -> OrderId | None:
    """The id of the order of this number; None when no such number is given here."""
    found = _NUMBER.fullmatch(number)
    if found is None:
        return None
    bits = 0
    for letter in found["bits"]:
        bits = bits << 5 | _ALPHABET.index(letter)
    return OrderId(f"web-{bits:0{_HEX}x}")
