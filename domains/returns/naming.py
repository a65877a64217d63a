"""Names of returns that are promised before the OMS has them.

Whoever serves a customer gets an answer while the OMS is down, and the customer leaves with a number. So a return that
is asked for at a desk is named here, out of its idempotency key: a repeat gives the same name, and an OMS that was told
twice, once unheard, sees the same return.
"""

import hashlib
import re
from typing import NamedTuple

from domains.vocabulary import IdempotencyKey, ReturnId

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O or U to be misread on a slip
_LETTERS = 12  # 60 bits: a million promised returns share a name with a chance of one in two million
_HEARD = str.maketrans("OIL", "011")
_NUMBER = re.compile(rf"P-?([{_ALPHABET}]{{4}})-?([{_ALPHABET}]{{4}})-?([{_ALPHABET}]{{4}})", re.ASCII)


class ReturnName(NamedTuple):
    """`rma_number` is what the customer is told while the OMS has given no number; either tells the other."""

    id: ReturnId
    rma_number: str


def name_of_return(key: IdempotencyKey) -> ReturnName:
    """The name of the return that the write of `key` asks for: `P-7Q2M-0KXE-9T4D` and `desk-7q2m0kxe9t4d`."""
    number = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8]) >> 4
    letters = "".join(_ALPHABET[number >> 5 * place & 31] for place in range(_LETTERS))
    return ReturnName(
        id=ReturnId(f"desk-{letters.lower()}"), rma_number=f"P-{letters[:4]}-{letters[4:8]}-{letters[8:]}"
    )


def promised_return(rma_number: str) -> ReturnId | None:
    """The id behind the RMA number of a promised return; None for any other number.

    Small letters, left out hyphens, and O, I and L in the place of 0 and 1, are understood.
    """
    promised = _NUMBER.fullmatch(rma_number[:1].upper() + rma_number[1:].upper().translate(_HEARD))
    return None if promised is None else ReturnId(f"desk-{''.join(promised.groups()).lower()}")


def may_be_promised(return_id: ReturnId) -> bool:
    """Whether the id is one of those that are given at a desk."""
    return return_id.startswith("desk-")
