"""What the promotions slice asks of an outside system."""

from dataclasses import dataclass

from domains.promotions.model import Basket, EarningQuery, PromotionEvaluation
from domains.vocabulary import Fetch, PointsAmount


@dataclass(frozen=True)
class Promotions:
    """Evaluation is a read: the engine decides, the gateway never re-implements its rules."""

    evaluate: Fetch[Basket, PromotionEvaluation]
    forecast: Fetch[EarningQuery, PointsAmount]
