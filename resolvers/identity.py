"""Public ids: `Type:native`, so that an id alone says what it names. Bare ones are taken where the type is known."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, ClassVar

import strawberry

from domains.products import checked_skus
from domains.vocabulary import InvalidInput, Record, Sku
from resolvers.reading import by_class, by_record, read, value_of

NODE_TYPES = (
    "Product",
    "Location",
    "Customer",
    "LoyaltyMembership",
    "LoyaltyRedemption",
    "InventoryReservation",
    "Order",
    "ReturnAuthorization",
    "Flow",
    "BusinessException",
    "Reconciliation",
)

NATIVE_MAX = 255

IDS_MAX = 2_000
"""Given ids whose native ones are remembered: some 1 MB when each is as long as may be."""


def public_id(type_name: str, native: str) -> strawberry.ID:
    return strawberry.ID(f"{type_name}:{native}")


@lru_cache(IDS_MAX)  # what is written out in a document comes with each request for it
def native_id(type_name: str, given: str, *path: str | int) -> str:
    """The native id behind `given`, which names a `type_name`.

    Raises InvalidInput, pointing at `path`, when it names something else or cannot be an id.
    """
    prefix, colon, rest = given.partition(":")
    if not colon or prefix not in NODE_TYPES:
        return name_of(given, *path)
    if prefix != type_name:
        raise InvalidInput(f"This is the id of something else; {_a(type_name)} is asked for.", path)
    return name_of(rest, *path)


def named_type(given: str, *path: str | int, among: Sequence[str] = NODE_TYPES) -> tuple[str, str]:
    """The type and native id that a Node id names. Raises InvalidInput when it does not say a type `among` these."""
    prefix, _, rest = given.partition(":")
    if prefix not in among:
        raise InvalidInput(f"A node id is one of {', '.join(among)}, a colon and an id, as in Order:1042.", path)
    return prefix, name_of(rest, *path)


def name_of(given: str, *path: str | int) -> str:
    """`given` if it can name something: 1 to 255 characters, none of them invisible. Raises InvalidInput."""
    if not 1 <= len(given) <= NATIVE_MAX or not given.isprintable():
        raise InvalidInput(f"An id or number has 1 to {NATIVE_MAX} printable characters.", path)
    return given


def maybe_name(given: str | None, *path: str | int) -> str | None:
    """The same of something that need not be named."""
    return None if given is None else name_of(given, *path)


def sku_of(given: str, *path: str | int) -> Sku:
    """`given` if it can be a SKU. Raises InvalidInput, pointing at `path`."""
    try:
        return checked_skus([given])[0]
    except InvalidInput as error:
        raise InvalidInput(error.message, path) from error


def node_id(type_name: str, attribute: str = "id") -> Any:
    """The `id` field of a Node whose native id is `attribute` of its record."""

    @by_record
    def resolve(parent: strawberry.Parent[object]) -> strawberry.ID:
        return public_id(type_name, read(parent, attribute))

    return strawberry.field(
        resolver=resolve,
        description=f"Names this {type_name} in the whole schema: its type, a colon and its own id.",
    )


def _a(type_name: str) -> str:
    return f"{'an' if type_name[0] in 'AEIOU' else 'a'} {type_name}"


@strawberry.interface(description="Something that can be found again by its id alone.")
class Node:
    record: ClassVar[type[Record]]
    """The canonical record of the type, by which its objects are recognised."""

    id: strawberry.ID = strawberry.field(
        description="Names this object in the whole schema: its type, a colon and its own id."
    )

    @classmethod
    @by_class
    def is_type_of(cls, obj: object, _info: object) -> bool:
        return isinstance(value_of(obj), cls.record)
