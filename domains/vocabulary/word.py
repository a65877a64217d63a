"""Words that vendors choose."""

from __future__ import annotations

import enum
from typing import Self


class VendorWord(enum.Enum):
    """An enum with a member UNKNOWN, which a word that we do not know becomes.

    Systems learn new words when they are configured anew; one order in a state nobody has heard of must not make the
    answer about ninety-nine others unreadable.
    """

    # As FreshnessTier has it: words are ranked, and looked up, for each parcel of an order.
    __hash__ = object.__hash__

    @classmethod
    def _missing_(cls, _value: object) -> Self:
        return cls["UNKNOWN"]
