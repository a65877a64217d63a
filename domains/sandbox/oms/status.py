"""The canonical status of an order, by the precedence that the contract prescribes for searches."""

from domains.sandbox.world import Row


def status_of(order: Row) -> str:
    """rejected, blocked and inReview come first, then completion, then delivery, then the lifecycle itself."""
    facts = order["facts"]
    for mark, status in (("rejected", "CANCELED"), ("blocked", "ON_HOLD"), ("inReview", "MANUAL_REVIEW")):
        if facts[mark]:
            return status
    if facts["lifecycle"] == "COMPLETED":
        return "COMPLETED"
    by_delivery = {"FULL": "SHIPPED", "PARTIAL": "PROCESSING"}
    return by_delivery.get(facts["delivery"], str(facts["lifecycle"]))
