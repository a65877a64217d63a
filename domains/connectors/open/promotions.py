"""Promotions, from the engine that keeps the points."""

from domains.connectors.open.client import OpenClient
from domains.connectors.open.messages import QUESTIONS_MAX, Answers, EarningAsk, EarningItem, EvaluationAsk
from domains.promotions import EarningQuery, PromotionEvaluation, Promotions
from domains.vocabulary import PointsAmount


def promotions(client: OpenClient) -> Promotions:
    return Promotions(
        evaluate=client.evaluation(
            "promotions",
            "/v1/promotions/evaluate",
            lambda baskets: EvaluationAsk(baskets=baskets),
            Answers[PromotionEvaluation],
            QUESTIONS_MAX,
        ),
        forecast=client.evaluation(
            "earnings", "/v1/earnings/forecast", _earning_ask, Answers[PointsAmount], QUESTIONS_MAX
        ),
    )


def _earning_ask(queries: tuple[EarningQuery, ...]) -> EarningAsk:
    return EarningAsk(
        queries=tuple(EarningItem(basket=query.basket, membership_id=query.membership_id) for query in queries)
    )
