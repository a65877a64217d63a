"""Whether the books of four systems agree with what was acknowledged: to the cent, to the point, and once each."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from tests.crash.books import Books, points_of
from tests.crash.people import Bought, Shopper
from tests.crash.shopping import POINTS, Ordered, Returned, Shopping
from tests.running import Json

RESERVATIONS_MAX = 10_000
POINTS_PER_EURO = 5
PER_RANK = Decimal("0.25")
"""What the sandbox's program gives for a euro, and how much more for each tier: said here once more, on purpose."""


@dataclass(frozen=True)
class Before:
    """What stood in the books when the test began."""

    entries: dict[str, set[str]]
    documents: dict[str, list[tuple[str, Decimal]]]
    orders: set[str]
    reservations: int


def look(books: Books, shoppers: list[Shopper], bought: list[Bought]) -> Before:
    """The state to compare with later: of everybody who will order, and of all that will be brought back."""
    members = [*(one.membership for one in shoppers), *(one.membership for one in bought if one.membership)]
    entries = {id_: {row["id"] for row in rows} for id_, rows in books.entries(dict.fromkeys(members)).items()}
    return Before(
        entries=entries,
        documents=books.documents(one.order_id for one in bought),
        orders={row["id"] for row in books.orders_of(shopper.customer for shopper in shoppers)},
        reservations=len(books.reservations(RESERVATIONS_MAX)),
    )


def mismatches(books: Books, before: Before, done: Shopping) -> list[str]:
    """Every difference, in a sentence each; none when the books agree."""
    return [
        *_orders_at_the_oms(books, before, done),
        *_sales_in_the_erp(books, done),
        *_credits_in_the_erp(books, before, done),
        *_returns_at_the_oms(books, done),
        *_points(books, before, done),
        *_balances(books, list(before.entries)),
        *_reservations(books, before, done),
        *_histories(books, done),
    ]


def _orders_at_the_oms(books: Books, before: Before, done: Shopping) -> Iterator[str]:
    """Each acknowledged order is there with its lines and total, and nobody has one that was not acknowledged."""
    found = books.orders(order.order_id for order in done.ordered)
    for order in done.ordered:
        row = found.get(order.order_id)
        if row is None:
            yield f"order {order.order_id} is not at the OMS"
            continue
        lines = tuple(
            (line["sku"], int(line["ordered"]), Decimal(line["unitPrice"]["amount"])) for line in row["lines"]
        )
        if (lines, Decimal(row["total"]["amount"]), row["orderNumber"]) != (order.lines, order.total, order.number):
            yield f"order {order.order_id} is {row} at the OMS, and {order} was acknowledged"
        if row["facts"]["rejected"]:
            yield f"order {order.order_id} is canceled at the OMS"
    known = before.orders | {order.order_id for order in done.ordered}
    for row in books.orders_of(shopper.customer for shopper in done.shoppers):
        if row["id"] not in known:
            yield f"order {row['id']} is at the OMS, and was not acknowledged"


def _sales_in_the_erp(books: Books, done: Shopping) -> Iterator[str]:
    """One invoice an order, of its total, and one payment, of its points' worth."""
    ids = [order.order_id for order in done.ordered]
    postings, documents = books.postings("ORDER", ids), books.documents(ids)
    for order in done.ordered:
        expected = [("INVOICE", order.total), *([("PAYMENT", order.redeemed)] if order.redeemed else [])]
        entered = [one for one in documents.get(order.order_id, ()) if one[0] != "CREDIT_MEMO"]
        if Counter(entered) != Counter(expected):
            yield f"order {order.order_id} has {entered} in the ERP instead of {expected}"
        if not postings.get(order.order_id, {}).get("documentNumber"):
            yield f"order {order.order_id} has no document in the ERP"


def _credits_in_the_erp(books: Books, before: Before, done: Shopping) -> Iterator[str]:
    """One credit memo a return, of its refund, and no other document of what was brought back."""
    returned: dict[str, list[Returned]] = defaultdict(list)
    for back in done.returned:
        returned[back.of.order_id].append(back)
    documents = books.documents(returned)
    credited = books.postings("RETURN", (back.return_id for back in done.returned))
    rows = {row["id"]: row for found in books.returns_of(returned).values() for row in found}
    sold = {order.order_id for order in done.ordered}
    for order_id, backs in returned.items():
        refunds = [refund for back in backs if (refund := _refund(rows.get(back.return_id)))]
        news = Counter(documents.get(order_id, ())) - Counter(before.documents.get(order_id, ()))
        if order_id in sold:  # its own invoice and payment are looked at with the orders
            news = Counter({one: count for one, count in news.items() if one[0] == "CREDIT_MEMO"})
        if news != Counter(("CREDIT_MEMO", refund) for refund in refunds):
            yield f"the returns of order {order_id} have {dict(news)} in the ERP instead of credit memos of {refunds}"
        for back in backs:
            if _refund(rows.get(back.return_id)) and not credited.get(back.return_id, {}).get("documentNumber"):
                yield f"return {back.return_id} has no document in the ERP"


def _returns_at_the_oms(books: Books, done: Shopping) -> Iterator[str]:
    """Each acknowledged return is there once, as authorized, and there is no other of the same order."""
    found = books.returns_of(back.of.order_id for back in done.returned)
    asked: dict[str, set[str]] = defaultdict(set)
    for back in done.returned:
        asked[back.of.order_id].add(back.return_id)
    for order_id, ids in asked.items():
        there = Counter(row["id"] for row in found.get(order_id, ()))
        if there != Counter(ids):
            yield f"order {order_id} has the returns {dict(there)} at the OMS instead of {sorted(ids)}"
        for row in found.get(order_id, ()):
            pieces = [(line["quantityAuthorized"], line["quantityReceived"]) for line in row["lines"]]
            if row["status"] != "AUTHORIZED" or pieces != [("1", "0")]:
                yield f"return {row['id']} is {row['status']} with {pieces} at the OMS"


Entries = dict[str, Counter[tuple[str, str | None, Decimal]]]
"""By membership: how many of each type, order and points."""


def _points(books: Books, before: Before, done: Shopping) -> Iterator[str]:
    """Every ledger entry that was written since is one that was to be written, and the other way round."""
    expected = _entries(books, before, done)
    for membership, entries_now in books.entries(before.entries).items():
        news = (row for row in entries_now if row["id"] not in before.entries[membership])
        found = Counter((row["type"], row["orderId"], points_of(row)) for row in news)
        if found != expected[membership]:
            yield (
                f"the ledger of {membership} has {dict(found - expected[membership])} too much "
                f"and {dict(expected[membership] - found)} too little"
            )
    states = books.redemptions(order.redemption for order in done.ordered if order.redemption)
    for id_, row in states.items():
        if row["state"] != "CAPTURED":
            yield f"redemption {id_} is {row['state']}"


def _entries(books: Books, before: Before, done: Shopping) -> Entries:
    """What was to be written. What comes back of a new order lessens what it earned, which is not posted yet."""
    found = books.returns_of(back.of.order_id for back in done.returned)
    worth = {row["id"]: _worth(row) for rows in found.values() for row in rows}
    back: dict[str, Decimal] = defaultdict(Decimal)
    expected: Entries = defaultdict(Counter)
    for returned in done.returned:
        of, came = returned.of, worth.get(returned.return_id, Decimal(0))
        back[of.order_id] += came
        if isinstance(of, Bought) and of.membership in before.entries and of.earned is not None:
            expected[of.membership]["REVERSAL", of.order_id, -_share(of.earned, came, of.paid)] += 1
    for order in done.ordered:
        if order.shopper is not None:
            entries, earned = expected[order.shopper.membership], _earned(order)
            left = earned - _share(earned, back[order.order_id], order.total - order.redeemed)
            entries["ACCRUAL", order.order_id, left] += 1
            if order.redemption:
                held = Decimal(POINTS)
                entries.update({("HOLD", None, -held): 1, ("RELEASE", None, held): 1, ("REDEMPTION", None, -held): 1})
    return expected


def _balances(books: Books, memberships: list[str]) -> Iterator[str]:
    """Every balance is the sum of its ledger."""
    balances = books.balances(memberships)
    for id_, entries in books.entries(memberships).items():
        posted = [row for row in entries if row["status"] == "POSTED"]
        kept = sum((points_of(row) for row in posted if row["type"] not in ("HOLD", "RELEASE")), Decimal(0))
        pending = sum((points_of(row) for row in entries if row["status"] == "PENDING"), Decimal(0))
        available = sum((points_of(row) for row in posted), Decimal(0))
        sums = {"available": available, "held": kept - available, "pending": pending}
        for name, summed in sums.items():
            if Decimal(balances[id_][name]["value"]) != summed:
                yield f"{id_} has {balances[id_][name]['value']} points {name}, and its ledger {summed}"


def _reservations(books: Books, before: Before, done: Shopping) -> Iterator[str]:
    """One reservation for each order that had one, and every one of them the order's by now."""
    wanted = sum(order.reservation is not None for order in done.ordered)
    rows = books.reservations(before.reservations + 2 * wanted + 100)[before.reservations :]
    states = Counter(row["state"] for row in rows)
    if states != Counter({"COMMITTED": wanted} if wanted else {}):
        yield f"the reservations are {dict(states)}, and {wanted} orders had one"


def _histories(books: Books, done: Shopping) -> Iterator[str]:
    """One line in the customer's history for each order and each return."""
    expected: dict[tuple[str, str], str] = {}
    for order in done.ordered:
        if order.shopper is not None:
            expected["order.submitted", f"Order:{order.order_id}"] = order.shopper.customer
    for back in done.returned:
        if (customer := _customer(back.of)) is not None:
            expected["return.authorized", f"ReturnAuthorization:{back.return_id}"] = customer
    counted = books.notes(expected.values())
    for line in expected:
        if counted.get(line, 0) != 1:
            yield f"{line} stands {counted.get(line, 0)} times in the history"


def _customer(of: Bought | Ordered) -> str | None:
    if isinstance(of, Bought):
        return of.customer
    return None if of.shopper is None else of.shopper.customer


def _refund(row: Json | None) -> Decimal | None:
    return None if row is None or row["estimatedRefund"] is None else Decimal(row["estimatedRefund"]["amount"])


def _worth(row: Json | None) -> Decimal:
    """What was paid for what came back: the refund, and what was kept of it."""
    fees = sum((Decimal(fee["amount"]["amount"]) for fee in (row or {}).get("fees") or ()), Decimal(0))
    return (_refund(row) or Decimal(0)) + fees


def _earned(order: Ordered) -> Decimal:
    """What the order earns, by the rules of the program."""
    if order.shopper is None:
        return Decimal(0)
    rate = POINTS_PER_EURO * (1 + PER_RANK * order.shopper.rank)
    return ((order.total - order.redeemed) * rate).quantize(Decimal(1), ROUND_DOWN)


def _share(earned: Decimal, worth: Decimal, basis: Decimal) -> Decimal:
    """Of points earned with `basis`, those that go back with goods of `worth`."""
    return earned if worth >= basis else (earned * worth / basis).quantize(Decimal(1), ROUND_DOWN)
