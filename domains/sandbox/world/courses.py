"""The courses an order may have taken, as a table: how often, how old, and what its system says of it."""

from typing import NamedTuple


class Course(NamedTuple):
    """`ages` are the days since the order was placed; `parts` the statuses of its fulfilments, drawn from in turn."""

    weight: int
    ages: tuple[int, int]
    lifecycle: str
    delivery: str
    parts: tuple[str, ...]
    raw: str
    mark: str | None = None


COURSES = {
    "created": Course(2, (1, 2), "CREATED", "NONE", ("PENDING",), "NEW"),
    "confirmed": Course(3, (1, 3), "CONFIRMED", "NONE", ("PENDING",), "RELEASED"),
    "review": Course(2, (1, 3), "CREATED", "NONE", ("PENDING",), "FRAUD_CHECK", "inReview"),
    "blocked": Course(2, (1, 5), "CONFIRMED", "NONE", ("PENDING",), "PAYMENT_BLOCK", "blocked"),
    "processing": Course(5, (1, 4), "PROCESSING", "NONE", ("PROCESSING",), "PICKING"),
    "collectable": Course(2, (2, 5), "PROCESSING", "NONE", ("READY_FOR_PICKUP",), "AWAITING_COLLECTION"),
    "partial": Course(3, (3, 6), "PROCESSING", "PARTIAL", ("IN_TRANSIT", "PROCESSING"), "PART_SHIPPED"),
    "shipped": Course(5, (3, 6), "PROCESSING", "FULL", ("OUT_FOR_DELIVERY", "IN_TRANSIT"), "SHIPPED"),
    "completed": Course(57, (4, 420), "COMPLETED", "FULL", ("DELIVERED",), "CLOSED"),
    "collected": Course(5, (4, 420), "COMPLETED", "FULL", ("DELIVERED",), "CLOSED"),
    "counter": Course(8, (1, 420), "COMPLETED", "FULL", ("DELIVERED",), "POS_SALE"),
    "canceled": Course(6, (1, 400), "CONFIRMED", "NONE", ("CANCELED",), "CANCELLED", "rejected"),
}
"""`counter` is a sale over a shop's counter; `collected` and `collectable` were ordered online for pickup."""

PICKED_UP = frozenset({"collectable", "collected", "counter"})


class Told(NamedTuple):
    """An order whose course is told, not drawn. `picks` are (product number, pieces)."""

    course: str
    age_days: int
    picks: tuple[tuple[int, int], ...]
    store: str = "store-001"


ANNAS_ORDERS = (
    Told("completed", 9, ((1, 2), (2, 1))),  # delivered a week ago, all of it may come back
    Told("completed", 200, ((4, 1), (5, 1))),  # outside every window
    Told("completed", 20, ((3, 2), (7, 1))),  # one of SKU-00003 is on its way back: ret-000001
    Told("created", 1, ((6, 1),)),
    Told("confirmed", 2, ((8, 2),)),
    Told("review", 2, ((12, 1), (9, 1))),
    Told("blocked", 3, ((10, 1),)),
    Told("processing", 2, ((11, 1), (13, 1))),
    Told("partial", 4, ((14, 1), (15, 2), (16, 6))),
    Told("shipped", 4, ((17, 1),)),
    Told("canceled", 40, ((18, 2),)),
    Told("collectable", 3, ((19, 2),)),
    Told("collected", 12, ((20, 1), (21, 1), (22, 1), (23, 1))),  # final sale, no window and a fee among them
    Told("completed", 60, ((24, 2), (1, 1))),  # one of SKU-00024 came back and was refunded: ret-000002
    Told("counter", 100, ((2, 3),)),
)
"""The orders of cust-00001: ord-000001 is the first of them."""
