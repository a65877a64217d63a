"""Whole answers that are public: kept as bytes while all of them is fresh, and made once for all who ask at once.

Knows neither GraphQL, HTTP nor what an answer says; what it was made of is told by whoever keeps that."""

from gateway.answers.answers import Answers, Counts, Made
from gateway.answers.question import Question
from gateway.answers.run import aside
from gateway.answers.settings import AnswerSettings
from gateway.answers.whole import Lifetime, Whole

__all__ = ["AnswerSettings", "Answers", "Counts", "Lifetime", "Made", "Question", "Whole", "aside"]
