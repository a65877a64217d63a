"""The books: sales orders, credit memos and goods receipts posted, and taken back by documents of their own."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from domains.sandbox.chassis import (
    Clock,
    Refused,
    Tell,
    instant,
    maybe_text,
    misshapen,
    want_id,
    want_member,
    want_money,
    want_object,
    want_objects,
    want_text,
)
from domains.sandbox.erp.goods import Goods
from domains.sandbox.world import Row, World

LINES_MAX = 100
DOCUMENTS_MAX = 500_000
ACCOUNT_STATUSES = frozenset({"ACTIVE", "BLOCKED", "CREDIT_HOLD", "ERASED"})
_NO_CREDIT = frozenset({"BLOCKED", "CREDIT_HOLD"})
_GROSS = Decimal("1.19")  # the VAT of the world's books
_CENT = Decimal("0.01")
# First two digits of the ten of a document number, as number ranges of an ERP; the world's own numbers have eight.
_SALE, _INVOICE, _PAYMENT, _CREDIT, _RETURN, _RECEIPT, _REFUND = "45", "90", "14", "91", "60", "50", "15"

Params = dict[str, str]


class Books:
    """What is posted in one world, and who may be sold to. Every method but the knobs is a keyed write."""

    def __init__(self, world: World, clock: Clock, goods: Goods, tell: Tell) -> None:
        self._accounts = world.accounts
        self._postings = world.postings
        self._ledgers = world.order_ledgers
        self._clock = clock
        self._goods = goods
        self._tell = tell
        self._closed = False
        self._count = 0
        self._credits: dict[str, tuple[str, Decimal]] = {}

    async def post_order(self, body: Row, _: Params) -> Row:
        """A SalesDocument posted: an invoice and, for the part paid with points, a payment.

        Raises Refused 422, or 409 PERIOD_CLOSED, CREDIT_HOLD, ILLEGAL_TRANSITION.
        """
        order_id, total, currency_code = want_id(body, "orderId"), *want_money(body, "total")
        redeemed = _redeemed(body, total, currency_code)
        customer_id = maybe_text(body, "customerId")
        want_text(body, "orderNumber")
        maybe_text(body, "channel")
        for line in want_objects(body, "lines", LINES_MAX, least=1):
            want_text(line, "sku")
            want_money(line, "amount")
        self._same_currency(order_id, currency_code)
        self._open()
        status = self._accounts.get(customer_id or "", {}).get("status")
        if status in _NO_CREDIT:
            raise Refused(409, "CREDIT_HOLD", f"The account of {customer_id} is {status}.", state=status)
        facts = self._post("ORDER", order_id, _SALE)
        ledger = self._ledger(order_id, currency_code)
        self._enter(ledger, "INVOICE", _INVOICE, total)
        if redeemed:
            self._enter(ledger, "PAYMENT", _PAYMENT, redeemed)
        return facts

    async def reverse_order(self, _: Row, path: Params) -> Row:
        """Take a sales order back: a credit memo of what is invoiced, a refund of what is paid.

        Raises Refused 409 POSTING_NOT_FOUND, PERIOD_CLOSED, ILLEGAL_TRANSITION.
        """
        facts = self._reverse("ORDER", path["id"])
        ledger = self._ledgers.get(path["id"])
        if ledger is not None:
            self._balance(ledger, ("INVOICE", "CREDIT_MEMO"), _CREDIT)
            self._balance(ledger, ("PAYMENT", "REFUND"), _REFUND)
        return facts

    async def post_credit(self, body: Row, _: Params) -> Row:
        """A CreditMemo posted. Raises Refused 422, or 409 PERIOD_CLOSED, ILLEGAL_TRANSITION."""
        return_id, order_id = want_id(body, "returnId"), want_id(body, "orderId")
        amount, currency_code = want_money(body, "amount")
        want_text(body, "rmaNumber")
        self._same_currency(order_id, currency_code)
        self._open()
        facts = self._post("RETURN", return_id, _RETURN)
        self._enter(self._ledger(order_id, currency_code), "CREDIT_MEMO", _CREDIT, amount)
        self._credits[return_id] = order_id, amount
        return facts

    async def reverse_credit(self, _: Row, path: Params) -> Row:
        """Take a credit memo back by an invoice of its amount. Raises Refused as `reverse_order`."""
        facts = self._reverse("RETURN", path["id"])
        if path["id"] in self._credits:  # those of the world itself do not say which document was theirs
            order_id, amount = self._credits[path["id"]]
            self._enter(self._ledgers[order_id], "INVOICE", _INVOICE, amount)
        return facts

    async def post_goods(self, body: Row, _: Params) -> Row:
        """A GoodsReceipt posted; what is RESTOCKED lies in the books again. Raises Refused as `post_credit`."""
        receipt_id, location = want_id(body, "id"), maybe_text(body, "locationId")
        want_text(body, "returnId")
        lines = self._goods.read(body, location)
        self._open()
        facts = self._post("RECEIPT", receipt_id, _RECEIPT)
        self._goods.take_in(lines, location)
        return facts

    async def set_account(self, body: Row, _: Params) -> Row:
        """`{customerId, status}`: a knob. Answers the account."""
        customer_id = want_text(body, "customerId")
        status = want_member(body, "status", ACCOUNT_STATUSES)
        self._accounts[customer_id] = {"customerId": customer_id, "status": status}
        return self._accounts[customer_id]

    async def set_period(self, body: Row, _: Params) -> Row:
        """`{closed}`: a knob. Nothing is posted while the period is closed."""
        if not isinstance(body.get("closed"), bool):
            raise misshapen("`closed` must be true or false.")
        self._closed = body["closed"]
        return {"closed": self._closed}

    def _open(self) -> None:
        if self._closed:
            raise Refused(409, "PERIOD_CLOSED", "The posting period is closed.")
        if self._count >= DOCUMENTS_MAX:
            raise Refused(503, "FULL", "The sandbox holds as many documents as it may. Start it again.")

    def _post(self, subject: str, id_: str, range_: str) -> Row:
        """The posting, numbered and dated. Raises Refused 409 ILLEGAL_TRANSITION when it was posted before."""
        facts = self._postings.get((subject, id_))
        if facts is not None and facts["documentNumber"] is not None:
            state = "REVERSED" if facts.get("reversedAt") else "POSTED"
            raise Refused(409, "ILLEGAL_TRANSITION", f"{subject} {id_} is {state}.", state=state)
        return self._write(
            {
                "subject": subject,
                "id": id_,
                "required": True,
                "documentNumber": self._number(range_),
                "postedAt": instant(self._clock()),
                "reversedAt": None,
                "failure": None,
            }
        )

    def _reverse(self, subject: str, id_: str) -> Row:
        facts = self._postings.get((subject, id_))
        if facts is None or facts["documentNumber"] is None:
            raise Refused(409, "POSTING_NOT_FOUND", f"Nothing is posted of {subject} {id_}.")
        if facts.get("reversedAt") is not None:
            raise Refused(409, "ILLEGAL_TRANSITION", f"{subject} {id_} is REVERSED.", state="REVERSED")
        self._open()
        return self._write(facts | {"reversedAt": instant(self._clock())})

    def _write(self, facts: Row) -> Row:
        self._postings[facts["subject"], facts["id"]] = facts
        self._tell("erp.document.posted", f"{facts['subject']}/{facts['id']}", facts)
        return facts

    def _same_currency(self, order_id: str, currency_code: str) -> None:
        kept = self._ledgers.get(order_id, {}).get("currencyCode", currency_code)
        if kept != currency_code:
            raise misshapen(f"The ledger of order {order_id} is in {kept}.")

    def _ledger(self, order_id: str, currency_code: str) -> Row:
        empty: Row = {"orderId": order_id, "currencyCode": currency_code, "documents": []}
        return self._ledgers.setdefault(order_id, empty)

    def _balance(self, ledger: Row, types: tuple[str, str], range_: str) -> None:
        """A document of the second type over what those of the first have more than those of the second."""
        sums = [
            sum((Decimal(one["amount"]["amount"]) for one in ledger["documents"] if one["type"] == type_), Decimal(0))
            for type_ in types
        ]
        if sums[0] > sums[1]:
            self._enter(ledger, types[1], range_, sums[0] - sums[1])

    def _enter(self, ledger: Row, type_: str, range_: str, amount: Decimal) -> Row:
        currency_code = ledger["currencyCode"]
        taxed = type_ in ("INVOICE", "CREDIT_MEMO")
        tax = (amount - amount / _GROSS).quantize(_CENT, rounding=ROUND_HALF_EVEN)
        document: Row = {
            "type": type_,
            "number": self._number(range_),
            "amount": {"amount": format(amount, "f"), "currencyCode": currency_code},
            "tax": {"amount": format(tax, "f"), "currencyCode": currency_code} if taxed else None,
            "postedAt": instant(self._clock()),
        }
        ledger["documents"].append(document)
        return document

    def _number(self, range_: str) -> str:
        self._count += 1
        return f"{range_}{self._count:08d}"


def _redeemed(body: dict[str, Any], total: Decimal, currency_code: str) -> Decimal:
    if body.get("redeemed") is None:
        return Decimal(0)
    want_object(body, "redeemed")
    redeemed, paid_in = want_money(body, "redeemed")
    if paid_in != currency_code or not 0 <= redeemed <= total:
        raise misshapen("`redeemed` must be a part of `total`.")
    return redeemed
