"""The shared words as GraphQL types: money, points, places, keys of other systems."""

from decimal import Decimal

import strawberry

from domains import vocabulary
from domains.vocabulary import SystemRole
from resolvers.scalars import CurrencyCode


@strawberry.type(description="An exact amount of one currency.")
class Money:
    amount: Decimal = strawberry.field(description="In major units: 12.50 is twelve and a half.")
    currency_code: CurrencyCode = strawberry.field(description="The currency, ISO 4217.")


@strawberry.type(description="A loyalty program's own unit of account.")
class RewardCurrency:
    code: str = strawberry.field(description="Its code, unique within the program.")
    name: str = strawberry.field(description="What customers call it.")
    decimal_places: int = strawberry.field(description="How finely it may be divided; most programs say 0.")


@strawberry.type(description="An exact amount of points.")
class PointsAmount:
    value: Decimal = strawberry.field(description="How many points.")
    currency: RewardCurrency = strawberry.field(description="Points of what.")


@strawberry.type(description="A postal address. Every part may be missing.")
class Address:
    lines: list[str] = strawberry.field(description="Street and house, as they are written on a parcel.")
    city: str | None = strawberry.field(description="City or town.")
    region: str | None = strawberry.field(description="State, province or region.")
    postal_code: str | None = strawberry.field(description="Postal code.")
    country_code: str | None = strawberry.field(description="Country, ISO 3166-1 alpha-2.")


@strawberry.type(description="The key under which another system knows the same thing.")
class ExternalId:
    system: SystemRole = strawberry.field(description="Whose key it is.")
    value: str = strawberry.field(description="The key itself.")


@strawberry.input(description="A point on earth, WGS 84.")
class GeoPointInput:
    latitude: float = strawberry.field(description="Degrees north of the equator: -90 to 90.")
    longitude: float = strawberry.field(description="Degrees east of Greenwich: -180 to 180.")

    def point(self) -> vocabulary.GeoPoint:
        return vocabulary.GeoPoint(latitude=self.latitude, longitude=self.longitude)


@strawberry.input(description="An exact amount of one currency.")
class MoneyInput:
    amount: Decimal = strawberry.field(description="In major units: 12.50 is twelve and a half.")
    currency_code: CurrencyCode = strawberry.field(description="The currency, ISO 4217.")

    def money(self) -> vocabulary.Money:
        return vocabulary.Money(amount=self.amount, currency_code=self.currency_code)


@strawberry.input(description="The key under which another system knows a customer.")
class ExternalIdInput:
    system: SystemRole = strawberry.field(description="Whose key it is.")
    value: str = strawberry.field(description="The key itself.")

    def key(self) -> vocabulary.ExternalId:
        return vocabulary.ExternalId(system=self.system, value=self.value)
