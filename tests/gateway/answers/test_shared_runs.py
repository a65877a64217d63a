"""Who asks what others are asking, and what is kept of it."""

from __future__ import annotations

import asyncio

import pytest

from domains.vocabulary import FreshnessTier, Reading
from gateway.answers import AnswerSettings, Made, Whole
from gateway.answers.answers import ANSWER_S
from gateway.wiring.standing_in import StoodInFor
from tests.gateway.answers.kitchen import (
    FRESH_S,
    LATER_S,
    Clock,
    Life,
    Runs,
    answers,
    private,
    public,
    question,
    turns,
    whole,
)


async def test_who_asks_at_the_same_time_shares_one_run() -> None:
    """Fifty at once are one run; who comes after it has what is kept."""
    kept = answers()
    runs, asked = Runs(kept, public), question(kept)
    waiting = [runs.ask(asked) for _ in range(50)]
    await turns()
    assert runs.begun == 1
    runs.gate.set()
    first, *others = await asyncio.gather(*waiting)
    assert first == "own"
    assert all(isinstance(other, Whole) for other in others)
    assert isinstance(await runs.ask(asked), Whole)
    counts = kept.counts
    assert (counts.runs, counts.shared, counts.kept) == (1, 49, 1)


async def test_other_questions_do_not_wait() -> None:
    """Variables tell questions apart."""
    kept = answers()
    runs = Runs(kept, public)
    waiting = [runs.ask(question(kept, {"n": number})) for number in range(3)]
    await turns()
    assert runs.begun == 3
    runs.gate.set()
    assert await asyncio.gather(*waiting) == ["own"] * 3


async def test_what_is_private_is_given_to_nobody_else() -> None:
    """Those who waited run by themselves, all at once; the next ones do not even wait."""
    kept = answers()
    runs, asked = Runs(kept, private), question(kept)
    waiting = [runs.ask(asked) for _ in range(5)]
    await turns()
    assert runs.begun == 1
    runs.gate.set()
    assert await asyncio.gather(*waiting) == ["own"] * 5
    runs.gate.clear()
    more = [runs.ask(asked) for _ in range(3)]
    await turns()
    assert runs.begun == 8
    runs.gate.set()
    assert await asyncio.gather(*more) == ["own"] * 3


async def test_an_operation_that_can_be_shared_again_is() -> None:
    """One private answer, an error for instance, does not part those who ask the same for ever."""
    kept = answers()
    made = [private(), public(), public()]
    runs, asked = Runs(kept, lambda: made.pop(0)), question(kept)
    runs.gate.set()
    assert await runs.ask(asked) == "own"
    assert await runs.ask(asked) == "own"
    assert isinstance(await runs.ask(asked), Whole)


async def test_whoever_leaves_takes_nothing_from_the_others() -> None:
    """When the first hangs up, one of those who wait begins anew and the others share that."""
    kept = answers()
    runs, asked = Runs(kept, public), question(kept)
    leader, *others = [runs.ask(asked) for _ in range(4)]
    await turns()
    leader.cancel()
    await turns()
    assert (runs.begun, runs.left, [other.done() for other in others]) == (2, 1, [False] * 3)
    runs.gate.set()
    given = await asyncio.gather(*others)
    assert sorted(type(one).__name__ for one in given) == ["Whole", "Whole", "str"]


async def test_a_follower_who_leaves_is_not_missed() -> None:
    """The run of another goes on."""
    kept = answers()
    runs, asked = Runs(kept, public), question(kept)
    leader, follower = runs.ask(asked), runs.ask(asked)
    await turns()
    follower.cancel()
    await turns()
    runs.gate.set()
    assert await leader == "own"
    assert isinstance(await runs.ask(asked), Whole)


async def test_a_follower_keeps_to_its_own_time() -> None:
    """Who has less time than the run of another takes runs by itself before it is up."""
    kept = answers()
    slow, quick, asked = Runs(kept, public), Runs(kept, public), question(kept)
    quick.gate.set()
    leader = slow.ask(asked)
    await turns()
    async with asyncio.timeout(1):
        assert await quick.ask(asked, left_s=ANSWER_S) == "own"
    slow.gate.set()
    assert await leader == "own"


async def test_a_run_that_breaks_breaks_nobody_elses() -> None:
    """An exception goes to its own caller; those who waited run by themselves."""
    kept = answers()
    made = [public]

    def broken_first() -> Made[str]:
        if made:
            raise RuntimeError(made.pop())
        return public()

    runs, asked = Runs(kept, broken_first), question(kept)
    leader, follower = runs.ask(asked), runs.ask(asked)
    await turns()
    runs.gate.set()
    with pytest.raises(RuntimeError):
        await leader
    assert await follower == "own"
    assert not kept._running
    assert not kept._led


async def test_a_run_that_news_overtakes_is_not_kept() -> None:
    """What is forgotten after it was read is in the answer: its own caller has it, and nobody else does."""
    kept = answers()
    runs, asked = Runs(kept, public), question(kept)
    leader, follower = runs.ask(asked), runs.ask(asked)
    await turns()
    kept.forgotten("stock", ["a"])
    newcomer = runs.ask(asked)
    await turns()
    assert runs.begun == 2  # whoever comes after the news does not wait for what came before it
    runs.gate.set()
    assert await leader == "own"
    given = await asyncio.gather(follower, newcomer)
    assert sorted(type(one).__name__ for one in given) == ["Whole", "str"]
    assert runs.begun == 2


@pytest.mark.parametrize(("shelf", "key"), [("stock", "b"), ("products", "a")])
async def test_other_news_does_not_concern_a_run(shelf: str, key: str) -> None:
    """Only what it read can overtake it."""
    kept = answers()
    runs, asked = Runs(kept, public), question(kept)
    leader = runs.ask(asked)
    await turns()
    kept.forgotten(shelf, [key])
    runs.gate.set()
    await leader
    assert isinstance(await runs.ask(asked), Whole)


async def test_news_drops_what_is_kept() -> None:
    """From that moment it is made anew; when nobody knows what was forgotten, everything is."""
    kept = answers()
    runs, asked, other = Runs(kept, public), question(kept), question(kept, {"n": 1})
    runs.gate.set()
    await runs.ask(asked)
    await runs.ask(other)
    kept.forgotten("stock", ["a"])
    assert (kept.kept(asked), kept.kept(other), kept.counts.dropped) == (None, None, 2)
    await runs.ask(asked)
    leader = Runs(kept, public).ask(other)
    await turns()
    kept.lost()
    assert kept.kept(asked) is None
    assert not kept._led
    leader.cancel()


async def test_what_cannot_be_told_to_be_forgotten_is_not_kept() -> None:
    """A read past the cache, of which nobody hears anything more, is everybody's own."""
    kept = answers()
    runs, asked = Runs(kept, public, reads={"products": ["a"]}), question(kept)
    runs.gate.set()
    assert [await runs.ask(asked) for _ in range(2)] == ["own", "own"]


async def test_what_is_not_fresh_is_not_kept() -> None:
    """No time left is no time to be handed out in; with some, it is handed out for so long."""
    clock = Clock()
    kept = answers(clock)
    stale = Runs(kept, lambda: Made("own", whole(life=Life(good_until=clock.now)), {"stock"}))
    stale.gate.set()
    asked = question(kept)
    assert [await stale.ask(asked) for _ in range(2)] == ["own", "own"]
    runs = Runs(kept, public)
    runs.gate.set()
    await runs.ask(asked)
    clock.now += LATER_S
    assert await runs.ask(asked) == "own"


async def test_nothing_is_kept_longer_than_what_it_was_read_from() -> None:
    """What the cache below would read anew is made anew, however long its source calls it fresh: nobody may hear of a
    change that was made elsewhere."""
    clock = Clock()
    kept = answers(clock)
    runs = Runs(kept, lambda: Made("own", whole(life=Life(good_until=clock.now + 10 * FRESH_S)), {"stock"}))
    runs.gate.set()
    asked = question(kept)
    await runs.ask(asked)
    clock.now += FRESH_S - 1
    assert isinstance(await runs.ask(asked), Whole)
    clock.now += 1
    assert await runs.ask(asked) == "own"


async def test_one_too_large_is_made_by_each() -> None:
    """What cannot be kept cannot be shared either, and nobody waits for it twice."""
    kept = answers(settings=AnswerSettings(bytes_max=4000, answer_bytes_max=3000))
    runs = Runs(kept, lambda: Made("own", whole(b"x" * 3000), {"stock"}))
    runs.gate.set()
    asked = question(kept)
    assert [await runs.ask(asked) for _ in range(3)] == ["own"] * 3


async def test_what_stands_in_is_a_part_of_the_answer() -> None:
    """It is read in a context without the request's deadline; when it is forgotten, so is what was made of it."""
    kept = answers()
    asked = question(kept)

    async def source(keys: frozenset[str], /) -> dict[str, Reading[int]]:
        kept.read("stock", keys, 60.0)
        return {key: Reading(1, "oms:test", FreshnessTier.LIVE, 0.0, 60.0) for key in keys}

    async def book(keys: frozenset[str], /) -> dict[str, Reading[int]]:
        kept.read("book", keys, 60.0)
        return {key: Reading(2, "erp:test", FreshnessTier.FRESH, 0.0, 60.0) for key in keys}

    backed = StoodInFor(source, book, lambda mine, _: mine, weak=lambda _: True)

    async def make() -> Made[str]:
        assert (await backed(frozenset({"b"})))["b"].value == 2
        return public()

    await kept.ask(asked, make, lambda: 1.0)
    assert kept.kept(asked) is not None
    kept.forgotten("book", ["b"])
    assert kept.kept(asked) is None
