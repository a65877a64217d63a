"""A write whose answer may be lost: nobody sends it a second time without having looked."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from domains.vocabulary import NEVER_SENT, Refusal, UpstreamError, UpstreamRejected, not_written

T = TypeVar("T")

WHO = "loyalty engine"

Write = Callable[[], Awaitable[T]]
Look = Callable[[], Awaitable[T | Refusal | None]]
Refused = Callable[[UpstreamRejected], Awaitable[T | Refusal]]


async def heard(write: Write[T], look: Look[T], refused: Refused[T], unchanged: str) -> T | Refusal:
    """What `write` answers; when its answer is lost, what `look` finds of it, and when that is nothing, once more.

    The second write hides what a restarting engine loses. It follows a look that was answered, so it burdens no engine
    that is in trouble. `refused` makes a refusal, or an answer, of the engine's no. BackendUnavailable when nothing was
    sent, which says `unchanged`, or when nobody knows: it then says that a repeat is safe.
    """
    answer = await _sent(write, refused)
    if not isinstance(answer, UpstreamError):
        return answer
    unknown = not_written(answer, WHO, unchanged)
    if isinstance(answer, NEVER_SENT):
        return unknown
    found = await _seen(look)
    if found is None:
        again = await _sent(write, refused)
        found = await _seen(look) if isinstance(again, UpstreamError) else again
    return unknown if found is None or isinstance(found, UpstreamError) else found


async def _sent(write: Write[T], refused: Refused[T]) -> T | Refusal | UpstreamError:
    try:
        return await write()
    except UpstreamRejected as error:
        return await refused(error)
    except UpstreamError as error:
        return error


async def _seen(look: Look[T]) -> T | Refusal | UpstreamError | None:
    try:
        return await look()
    except UpstreamError as error:  # also when the time is up: whoever repeats the write looks again
        return error
