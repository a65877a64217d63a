"""Lookup and resolution of customers, and the knob that changes a profile."""

from collections.abc import Mapping

from domains.sandbox.chassis import (
    Clock,
    Refused,
    Route,
    Tell,
    found,
    maybe_member,
    maybe_text,
    misshapen,
    untold,
    want_objects,
    want_text,
    want_texts,
)
from domains.sandbox.crm.history import History
from domains.sandbox.world import Row, World

SYSTEMS = frozenset({"ERP", "OMS", "LOYALTY", "CRM"})
_CHANGEABLE = ("displayName", "phone", "region")


def routes(world: World, clock: Clock, tell: Tell = untold) -> list[Route]:
    """The endpoints of the CRM over the customers of `world`, and the knob that changes them."""
    customers = dict(world.customers)
    history = History(customers, clock)
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

    async def change(body: Row, _params: dict[str, str]) -> Row:
        """`{customerId, displayName?, phone?, region?, segments?}`: a knob. Answers the customer."""
        id_ = want_text(body, "customerId")
        if id_ not in customers:
            raise Refused(404, "CUSTOMER_NOT_FOUND", f"There is no customer {id_}.")
        news: Row = {name: maybe_text(body, name) for name in _CHANGEABLE if name in body}
        if "segments" in body:
            news["segments"] = want_texts(body, "segments")
        if not news:
            raise misshapen(f"Nothing to change: {', '.join((*_CHANGEABLE, 'segments'))}.")
        customers[id_] = customers[id_] | news
        tell("crm.customer.changed", id_, customers[id_])
        return customers[id_]

    return [
        Route("POST", "/v1/customers/lookup", lookup),
        Route("POST", "/v1/customers/resolve", resolve),
        Route("POST", "/v1/history/lookup", history.lookup),
        Route("POST", "/v1/history", history.note, write=True),
        Route("POST", "/_sandbox/customers", change, knob=True),
    ]


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
