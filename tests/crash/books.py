"""What the systems themselves say was done, counted entry by entry and without asking the product anything."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import httpx

from tests.running import Json

AT_ONCE = 200
PAGE = 100


class Books:
    """The sandbox, past every gateway. Asked while it is well."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        self._urls = urls
        self._http = httpx.Client(timeout=20, trust_env=False)

    def close(self) -> None:
        self._http.close()

    def orders(self, ids: Iterable[str]) -> dict[str, Json]:
        return self._rows("OMS", "/v1/orders/lookup", "orderIds", ids, "id")

    def orders_of(self, customers: Iterable[str]) -> list[Json]:
        """Every order of these customers that was made through the product."""
        return [row for row in self._searched("OMS", "/v1/orders/search", "customerId", customers) if _is_ours(row)]

    def returns_of(self, order_ids: Iterable[str]) -> dict[str, list[Json]]:
        """By order."""
        found: dict[str, list[Json]] = defaultdict(list)
        for row in self._items("OMS", "/v1/returns/of-orders", "orderIds", order_ids):
            found[row["orderId"]].append(row)
        return found

    def reservations(self, most: int) -> list[Json]:
        """All that were ever made, at most so many: the OMS counts them."""
        ids = (f"rsv-{number:06d}" for number in range(1, most + 1))
        return list(self._items("OMS", "/v1/reservations/lookup", "reservationIds", ids))

    def postings(self, subject: str, ids: Iterable[str]) -> dict[str, Json]:
        keys = [{"subject": subject, "id": id_} for id_ in ids]
        rows = (row for some in _cut(keys) for row in self._ask("ERP", "/v1/postings/lookup", {"keys": some})["items"])
        return {row["id"]: row for row in rows}

    def documents(self, order_ids: Iterable[str]) -> dict[str, list[tuple[str, Decimal]]]:
        """Type and amount of every document in the ledger of an order."""
        rows = self._rows("ERP", "/v1/ledgers/lookup", "orderIds", order_ids, "orderId")
        return {
            id_: [(one["type"], Decimal(one["amount"]["amount"])) for one in row["documents"]]
            for id_, row in rows.items()
        }

    def redemptions(self, ids: Iterable[str]) -> dict[str, Json]:
        return self._rows("LOYALTY", "/v1/redemptions/lookup", "redemptionIds", ids, "id")

    def entries(self, memberships: Iterable[str]) -> dict[str, list[Json]]:
        """The whole ledger of each, newest first."""
        return {id_: list(self._searched("LOYALTY", "/v1/ledger/search", "membershipId", [id_])) for id_ in memberships}

    def balances(self, memberships: Iterable[str]) -> dict[str, Json]:
        return self._rows("LOYALTY", "/v1/balances/lookup", "membershipIds", memberships, "membershipId")

    def notes(self, customers: Iterable[str]) -> dict[tuple[str, str], int]:
        """How many lines of each kind the histories hold about each thing."""
        counted: dict[tuple[str, str], int] = defaultdict(int)
        for row in self._items("CRM", "/v1/history/lookup", "customerIds", customers):
            counted[row["kind"], row["about"]] += 1
        return counted

    def _rows(self, system: str, path: str, member: str, keys: Iterable[str], name: str) -> dict[str, Json]:
        return {row[name]: row for row in self._items(system, path, member, keys)}

    def _items(self, system: str, path: str, member: str, keys: Iterable[str]) -> Iterator[Json]:
        for some in _cut(list(dict.fromkeys(keys))):
            yield from self._ask(system, path, {member: some})["items"]

    def _searched(self, system: str, path: str, member: str, keys: Iterable[str]) -> Iterator[Json]:
        for key in dict.fromkeys(keys):
            after: str | None = None
            while True:
                query = {member: key, "first": PAGE, "after": after}
                (page,) = self._ask(system, path, {"queries": [query]})["pages"]
                yield from page["items"]
                if not page["hasNext"]:
                    break
                after = page["items"][-1]["id"]

    def _ask(self, system: str, path: str, body: Any) -> Any:
        answer = self._http.post(f"{self._urls[system]}{path}", json=body)
        while answer.status_code == 429:  # the ERP counts calls, ours too
            answer = self._http.post(f"{self._urls[system]}{path}", json=body)
        answer.raise_for_status()
        return answer.json()


def points_of(entry: Json) -> Decimal:
    return Decimal(entry["points"]["value"])


def _is_ours(order: Json) -> bool:
    return str(order["id"]).startswith("web-")


def _cut(keys: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (keys[place : place + AT_ONCE] for place in range(0, len(keys), AT_ONCE))
