"""What a person does about an exception: its flow or its event is tried again, as long as that is offered."""

from __future__ import annotations

from sqlalchemy import Connection

from domains.durable import (
    ActionNotOffered,
    BusinessException,
    Event,
    ExceptionAction,
    ExceptionNotFound,
    ExceptionSource,
    NeedsPerson,
    Severity,
    StepNotFound,
)
from domains.vocabulary import Refusal
from gateway.durable import inbox, open_exception
from tests.gateway.durable.shop import House


async def retried(house: House, exception_id: str, step: str | None = None) -> BusinessException | Refusal:
    return await house.journal.durable.retry_exception(exception_id, step)


def opened(connection: Connection, source: ExceptionSource, about: str, now: float) -> str:
    return open_exception(
        connection, source, about, title="Something is wrong", impact="", severity=Severity.WARNING, now=now
    )


async def test_the_flow_behind_an_exception_goes_on(house: House) -> None:
    """At its step or from an earlier one; the exception is closed, and nothing can be done about it any more."""
    house.shop.will("post", NeedsPerson("Its account is blocked."), NeedsPerson("It still is."))
    await house.accept()
    await house.work()
    (first,) = await house.exceptions()
    assert isinstance(await retried(house, first.id, "nothing"), StepNotFound)
    closed = await retried(house, first.id)
    assert isinstance(closed, BusinessException)
    assert (closed.note, closed.actions) == ("It was tried again.", ())
    assert isinstance(await retried(house, first.id), ActionNotOffered)
    await house.work()
    (second,) = await house.exceptions()
    assert isinstance(await retried(house, second.id, "take"), BusinessException)
    await house.work()
    assert await house.exceptions() == []
    assert (await house.flow()).state.value == "COMPLETED"


async def test_the_event_behind_an_exception_is_taken_again(house: House) -> None:
    """A rejected one is, in whole; one that could not be read is not kept: only its source can send it again."""
    clock, journal = house.clock, house.journal
    event = Event(
        id="e-1", type="erp.nobody.knows", source="/erp", time=(await house.flow(await house.accept())).accepted_at
    )
    await journal.durable.hear("erp", [event])

    def reject(connection: Connection) -> str:
        (letter,) = inbox.claim(connection, holder="t", lease_s=30, most=1, now=clock())
        assert inbox.rejected(connection, letter, "t", "nobody knows it")
        return opened(connection, ExceptionSource.EVENT, letter.about, clock())

    rejected = await journal.write(reject)
    assert isinstance(await retried(house, rejected, "take"), ActionNotOffered)
    closed = await retried(house, rejected)
    assert isinstance(closed, BusinessException)
    assert closed.note == "It was tried again."
    assert await journal.read(lambda connection: inbox.waiting(connection, event_id="e-1")) == 1

    await journal.durable.mishear("erp", "e-2", "it is no JSON")
    (misheard,) = await house.exceptions(source=ExceptionSource.EVENT)
    refused = await retried(house, misheard.id)
    assert isinstance(refused, ActionNotOffered)
    assert refused.offered == (ExceptionAction.RESOLVE,)


async def test_books_that_disagree_are_not_retried(house: House) -> None:
    """They are put right, or resolved; and of what is not there nothing is retried."""
    id_ = await house.journal.write(
        lambda connection: opened(connection, ExceptionSource.RECONCILIATION, "orders/Order:o-1", house.clock())
    )
    refused = await retried(house, id_)
    assert isinstance(refused, ActionNotOffered)
    assert refused.offered == (ExceptionAction.RESOLVE,)
    assert isinstance(await retried(house, "exception-none"), ExceptionNotFound)
