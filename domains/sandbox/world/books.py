"""The ERP's books: posted documents of orders, and how the postings of orders and returns stand."""

from __future__ import annotations

from datetime import datetime, timedelta

from domains.sandbox.world.returns import REFUNDED
from domains.sandbox.world.rows import CURRENCY, Row, cents_of, instant, money, stream

_VAT_PERCENT = 19
_FAILURES = (
    "Business partner is on credit hold.",
    "Posting period is closed.",
    "No price condition for one of the items.",
    "Tax code cannot be determined for the ship-to country.",
)
_UNPOSTED = frozenset({"NEW", "FRAUD_CHECK", "CANCELLED"})


def _document(type_: str, number: str, cents: int, posted_at: str) -> Row:
    """A FinancialDocument row; `cents` are gross."""
    tax = cents - round(cents * 100 / (100 + _VAT_PERCENT))
    return {"type": type_, "number": number, "amount": money(cents), "tax": money(tax), "postedAt": posted_at}


def build_ledgers(orders: dict[str, Row], returns: dict[str, Row]) -> dict[str, Row]:
    """OrderLedger rows by order: an invoice and a payment once handed over, a credit memo and a refund per return."""
    rows: dict[str, Row] = {}
    for id_, order in orders.items():
        if order["facts"]["raw"] in _UNPOSTED:
            continue
        documents: list[Row] = []
        captured = order["payment"].get("captured")
        if captured:
            cents = cents_of(captured)
            posted = instant(datetime.fromisoformat(order["placedAt"]) + timedelta(hours=14))
            documents = [
                _document("INVOICE", f"90{id_[4:]}", cents, posted),
                _document("PAYMENT", f"14{id_[4:]}", cents, posted) | {"tax": None},
            ]
        rows[id_] = {"orderId": id_, "currencyCode": CURRENCY, "documents": documents}
    for id_, back in returns.items():
        if back["status"] in REFUNDED:
            cents = cents_of(back["estimatedRefund"])
            posted = instant(datetime.fromisoformat(back["createdAt"]) + timedelta(hours=12))
            rows[back["orderId"]]["documents"] += [
                _document("CREDIT_MEMO", f"91{id_[4:]}", cents, posted),
                _document("REFUND", f"15{id_[4:]}", cents, posted) | {"tax": None},
            ]
    return rows


class Postings:
    """Writes the PostingFacts of one world: posted, queued, failed, or not required; orders get their ERP number."""

    def __init__(self, seed: int, day: datetime) -> None:
        self._rng = stream(seed, "postings")
        self._day = day
        self.rows: dict[tuple[str, str], Row] = {}

    def add_orders(self, orders: dict[str, Row]) -> None:
        for id_, order in orders.items():
            if order["facts"]["raw"] in _UNPOSTED:
                continue
            # A till posts its sales once a day as one document, so a counter sale has none of its own.
            required = order["facts"]["raw"] != "POS_SALE"
            row = self._row("ORDER", id_, f"45{id_[4:]}", order["placedAt"], required)
            if row["documentNumber"]:
                order["externalIds"].append({"system": "ERP", "value": row["documentNumber"]})

    def add_returns(self, returns: dict[str, Row]) -> None:
        for id_, back in returns.items():
            if back["status"] in REFUNDED or back["status"] in ("RECEIVED", "REFUND_PENDING"):
                self._row("RETURN", id_, f"60{id_[4:]}", back["createdAt"], back["status"] in REFUNDED)

    def _row(self, subject: str, id_: str, number: str, happened: str, required: bool) -> Row:
        moment = datetime.fromisoformat(happened)
        row: Row = {"subject": subject, "id": id_, "required": required, "documentNumber": None}
        row |= {"postedAt": None, "failure": None}
        if required:
            age, odds = self._day - moment, self._rng.random()
            if odds < 0.01 and id_ != "ord-000001":
                row["failure"] = _FAILURES[int(self._rng.random() * len(_FAILURES))]
            elif age > timedelta(days=2):
                row |= {"documentNumber": number, "postedAt": instant(moment + timedelta(minutes=20 + int(odds * 90)))}
        self.rows[subject, id_] = row
        return row
