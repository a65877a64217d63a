"""Which products may be asked for at once."""

from collections.abc import Sequence
from typing import cast

from domains.vocabulary import InvalidInput, Sku

SKU_CHARACTERS_MAX = 64
"""More than any ERP's own limit (SAP S/4HANA material numbers: 40)."""


def checked_skus(skus: Sequence[str], most: int = 100) -> tuple[Sku, ...]:
    """`skus` as they are, in their order, repeats included.

    Raises InvalidInput when there are more than `most`, or one is blank, cannot be printed or has more than
    SKU_CHARACTERS_MAX characters.
    """
    if len(skus) > most:
        raise InvalidInput(f"Ask for at most {most} SKUs at once.", ("skus",))
    for place, sku in enumerate(skus):
        # A null byte would look like an outage: Postgres refuses to be asked for it.
        if not sku.strip() or len(sku) > SKU_CHARACTERS_MAX or not sku.isprintable():
            raise InvalidInput(f"A SKU has 1 to {SKU_CHARACTERS_MAX} printable characters.", ("skus", place))
    return tuple(cast("Sequence[Sku]", skus))
