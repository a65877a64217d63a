"""How old an answer is, as part of the answer."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import strawberry

from domains.vocabulary import FreshnessTier, Reading
from resolvers.context import Info


@strawberry.type(description="Where a value is from, and how old it is.")
class Freshness:
    observed_at: datetime = strawberry.field(description="When the source knew it.")
    age_seconds: int = strawberry.field(description="Whole seconds from then to the beginning of this request.")
    max_age_seconds: int = strawberry.field(description="For how many seconds after that the value counts as fresh.")
    source: str = strawberry.field(description='The system and product that said it, such as "oms:open".')
    tier: FreshnessTier = strawberry.field(description="How the answer relates to its source.")


class _Told(msgspec.Struct, frozen=True):
    """What `Freshness` says of a reading at `now`, in seconds since the epoch. Worked out as far as it is asked for:
    most want the tier alone, which takes 0.7 us instead of 2.4."""

    of: Reading[object]
    now: float

    @property
    def observed_at(self) -> datetime:
        return datetime.fromtimestamp(self.of.observed_at, UTC)

    @property
    def age_seconds(self) -> int:
        return max(0, int(self.now - self.of.observed_at))

    @property
    def max_age_seconds(self) -> int:
        return int(self.of.max_age_s)

    @property
    def source(self) -> str:
        return self.of.source

    @property
    def tier(self) -> FreshnessTier:
        return self.of.tier


def _freshness(parent: strawberry.Parent[Reading[object]], info: Info) -> _Told:
    loaders = info.context.loaders
    loaders.provenance.says_age = True
    return _Told(parent, loaders.now.timestamp())


def freshness_field() -> Any:
    """The `freshness` field of a type whose objects are Readings."""
    return strawberry.field(
        resolver=_freshness, graphql_type=Freshness, description="Where this is from, and how old it is."
    )
