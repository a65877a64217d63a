"""Lookup and resolution of customers. Reads only: the contract has no write for a CRM."""

from collections.abc import Mapping

from domains.sandbox.chassis import Clock, Route, found, maybe_member, want_objects, want_text, want_texts
from domains.sandbox.world import Row, World

SYSTEMS = frozenset({"ERP", "OMS", "LOYALTY", "CRM"})


def routes(world: World, clock: Clock) -> list[Route]:
    """The endpoints of the CRM over the customers of `world`."""
    customers = dict(world.customers)
    by_key = _by_key(customers)

    async def lookup(body: Row, _params: dict[str, str]) -> Row:
        wanted = dict.fromkeys(want_texts(body, "customerIds"))
        return found((customers[id_] for id_ in wanted if id_ in customers), clock())

    async def resolve(body: Row, _params: dict[str, str]) -> Row:
        keys = [(maybe_member(key, "system", SYSTEMS), want_text(key, "value")) for key in want_objects(body, "keys")]
        items = []
        for system, value in dict.fromkeys(keys):
            customer_id = by_key.get((system, value.strip().casefold() if system is None else value))
            if customer_id is not None:
                items.append({"system": system, "value": value, "customerId": customer_id})
        return found(items, clock())

    return [Route("POST", "/v1/customers/lookup", lookup), Route("POST", "/v1/customers/resolve", resolve)]


def _by_key(customers: Mapping[str, Row]) -> dict[tuple[str | None, str], str]:
    """Customer ids by (None, email in lower case) and by (system, key). The CRM's own key is the id itself."""
    by_key: dict[tuple[str | None, str], str] = {}
    for id_, row in customers.items():
        by_key["CRM", id_] = id_
        if row.get("email"):
            by_key[None, row["email"].casefold()] = id_
        for external in row.get("externalIds", ()):
            by_key[external["system"], external["value"]] = id_
    return by_key
