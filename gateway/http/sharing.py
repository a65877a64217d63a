"""What may be asked of the answers that are kept."""

from __future__ import annotations

from graphql import OperationType

from gateway.answers import Answers, Question
from gateway.engine import Engine
from gateway.http.admitted import Admitted
from gateway.http.caching import names_caller
from gateway.http.head import Head
from gateway.http.request import GraphQLRequest
from gateway.paths import document_path


def question_of(
    answers: Answers, asked: GraphQLRequest, admitted: Admitted, engine: Engine, head: Head
) -> Question | None:
    """What `asked` is to those who ask the same; None for what is nobody else's.

    Documents that anybody could make up are not worth the memory, and who names themselves is answered in person.
    """
    if not asked.trusted or admitted.caller is None or names_caller(head):
        return None
    text, name = asked.query, asked.operation_name
    return answers.question(
        admitted.caller,
        document_path(admitted.path, asked.path),
        text,
        name,
        asked.variables,
        is_query=lambda: (admitted.engine or engine).kind(text, name) is OperationType.QUERY,
    )
