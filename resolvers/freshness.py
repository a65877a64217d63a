"""How old an answer is, as part of the answer."""

from datetime import UTC, datetime

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


def _freshness(parent: strawberry.Parent[Reading[object]], info: Info) -> Freshness:
    loaders = info.context.loaders
    loaders.provenance.says_age = True
    age_s = loaders.now.timestamp() - parent.observed_at
    return Freshness(
        observed_at=datetime.fromtimestamp(parent.observed_at, UTC),
        age_seconds=max(0, int(age_s)),
        max_age_seconds=int(parent.max_age_s),
        source=parent.source,
        tier=parent.tier,
    )


def freshness_field() -> Freshness:
    """The `freshness` field of a type whose objects are Readings."""
    return strawberry.field(resolver=_freshness, description="Where this is from, and how old it is.")
