"""Who may see a field: the marks by which audiences and scopes are told apart. Judged before anything runs."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import strawberry
from graphql import GraphQLField
from strawberry.federation.schema_directives import Authenticated, RequiresScopes, Tag
from strawberry.schema_directive import Location

from resolvers.enums import described


class PiiKind(enum.Enum):
    """What kind of personal data a field holds; each is masked in its own way."""

    NAME = "NAME"
    EMAIL = "EMAIL"
    PHONE = "PHONE"
    ADDRESS = "ADDRESS"
    PROFILE = "PROFILE"


described(
    PiiKind,
    "What kind of personal data a field holds.",
    NAME="A person's name.",
    EMAIL="An email address.",
    PHONE="A telephone number.",
    ADDRESS="Where somebody lives or has things sent.",
    PROFILE="What is thought or remembered of a person: segments, notes.",
)


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    description="Personal data: never in logs, and masked for audiences that mask this kind, unless the caller has the "
    "scope pii:read. Masked, an email address is j***@e***.com, a telephone number ends in its last two digits, a name "
    "is its initials, and of the others nothing is shown.",
)
class Pii:
    kind: PiiKind = strawberry.field(description="How it is masked.")


@dataclass(frozen=True, slots=True)
class Need:
    """What a caller must bring for a field. `scopes` is a list of alternatives; one of them has to be held whole."""

    authenticated: bool = False
    scopes: tuple[frozenset[str], ...] = ()


Mark = Tag | Authenticated | RequiresScopes | Pii

AUTHENTICATED: Final = Authenticated()
"""Of a field for callers who have said who they are."""


TAGS: Final[Mapping[str, str]] = {
    "catalog": "What is sold: products, their names and prices.",
    "stock": "How much of it there is, and where; the places themselves.",
    "checkout": "From a basket to an order: promotions, points, reservations, submitting.",
    "orders": "Orders and returns for whoever placed them, the bills included.",
    "account": "What customers have with the house: profile, membership, points, all their orders.",
    "service": "The work of those who serve customers, at a till or on the telephone.",
    "finance": "What the books know: postings, accounts, invoices.",
    "operations": "What keeps the shop running: everybody's slow writes, exceptions, comparisons.",
    "lookup": "Finding again, by its id, what is seen otherwise.",
    "federation": "What a federating router asks of a subgraph.",
}
"""The parts of the schema, and what each holds. Every root field belongs to one at least; an audience names those it
sees. A tag says what a field is about and never who may see it: that is said in the files of the audiences."""


def tagged(*names: str) -> tuple[Tag, ...]:
    """The parts of the schema that a field belongs to: it is seen by whoever sees one of them.

    A root field without any is seen by nobody; any other field goes wherever its type goes. Raises KeyError for a name
    that is not among TAGS.
    """
    for name in names:
        TAGS[name]
    return tuple(Tag(name=name) for name in names)


def scopes_needed(*all_of: str) -> RequiresScopes:
    """Of a field for callers who hold every one of these scopes."""
    return RequiresScopes(scopes=[list(all_of)])


def _marks(field: GraphQLField) -> tuple[object, ...]:
    authored = field.extensions.get("strawberry-definition")
    return tuple(getattr(authored, "directives", ()))


def tags_of(field: GraphQLField) -> frozenset[str]:
    """The @tag lines of a field of the schema; none for one that goes wherever its type goes."""
    return frozenset(mark.name for mark in _marks(field) if isinstance(mark, Tag))


def need_of(field: GraphQLField) -> Need | None:
    """What a field of the schema asks of its callers; None when nothing."""
    marks = _marks(field)
    authenticated = any(isinstance(mark, Authenticated) for mark in marks)
    scopes = tuple(frozenset(one) for mark in marks if isinstance(mark, RequiresScopes) for one in mark.scopes)
    return Need(authenticated, scopes) if authenticated or scopes else None


def pii_of(field: GraphQLField) -> PiiKind | None:
    """The kind of personal data in a field of the schema; None when there is none."""
    return next((mark.kind for mark in _marks(field) if isinstance(mark, Pii)), None)
