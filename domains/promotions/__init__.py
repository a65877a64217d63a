"""What a basket costs less, and what it would earn.

Deliberately does not know the rules themselves: an engine evaluates them."""

from domains.promotions.basket import checked
from domains.promotions.evaluation import settle
from domains.promotions.model import (
    Basket,
    BasketLine,
    EarningQuery,
    PromotionEvaluation,
    PromotionLine,
    PromotionRejection,
    PromotionRejectionReason,
)
from domains.promotions.port import (
    Promotions,
)

__all__ = [
    "Basket",
    "BasketLine",
    "EarningQuery",
    "PromotionEvaluation",
    "PromotionLine",
    "PromotionRejection",
    "PromotionRejectionReason",
    "Promotions",
    "checked",
    "settle",
]
