"""The Wire over scripted systems, in virtual time: what is asked, what is sent, what comes back."""

import contextlib
import gzip
from dataclasses import replace

import httpx
import pytest

from domains.upstream import (
    CALL,
    Call,
    CallFinished,
    Event,
    Shed,
    Verdict,
    Wire,
    correlation_id,
    deadline_scope,
    decoded,
    traceparent,
)
from domains.vocabulary import (
    DeadlineExceeded,
    UpstreamFailed,
    UpstreamGarbled,
    UpstreamRejected,
    UpstreamThrottled,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from tests.domains.upstream.virtual_time import loop_clock, run_virtual
from tests.domains.upstream.wires import OMS, QUICK, STOCK, Bench, Dripping, after, as_json, in_order, ok, status

RETRYING = replace(QUICK, retries_max=2, retry_base_s=0.1, retry_floor_per_s=5.0)


async def test_the_decoded_value_comes_back() -> None:
    """A connector reads what its decode made of the body, and may still look at the response."""
    bench = Bench(lambda _: httpx.Response(200, json={"n": 3}, headers={"etag": '"7"'}))
    response = await bench.client.post("/v1/stock", extensions={CALL: STOCK})
    assert decoded(response) == {"n": 3}
    assert response.headers["etag"] == '"7"'
    assert response.json() == {"n": 3}


async def test_forgetting_the_call_is_loud() -> None:
    """A request without a Call, or with something else in its place, is a bug and is told apart from a fault."""
    bench = Bench(ok)
    with pytest.raises(LookupError, match="no Call"):
        await bench.client.get("/v1/stock")
    with pytest.raises(TypeError, match="not a Call"):
        await bench.client.get("/v1/stock", extensions={CALL: "stock"})
    with pytest.raises(LookupError, match="Wire"):
        decoded(httpx.Response(200))
    assert bench.asked == []


async def test_capabilities_are_not_made_of_data() -> None:
    """A connector that builds capability names from keys is stopped before it fills the memory."""
    bench = Bench(ok)
    for number in range(128):
        await bench.call(Call(f"stock of {number}", as_json))
    with pytest.raises(LookupError, match="capabilities"):
        await bench.call(Call("stock of one more", as_json))
    assert len(bench.wire.snapshot().capabilities) == 128


async def test_what_travels_with_a_call() -> None:
    """The time left and the correlation headers go out with every call."""
    bench = Bench(ok)
    correlation_id.set("c-17")
    traceparent.set("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    with deadline_scope(0.52, clock=loop_clock):
        await bench.call()
    headers = bench.asked[0].headers
    assert headers["X-Correlation-Id"] == "c-17"
    assert headers["traceparent"].startswith("00-0af")
    assert 450 <= int(headers["X-Request-Deadline-Ms"]) <= 500  # less the margin in which to answer without it
    assert bench.asked[0].extensions["timeout"]["read"] <= 0.5


async def test_an_error_inside_a_200_counts() -> None:
    """A decode that finds an error in a 200 raises it, and it counts against the system."""

    def decode(_: bytes) -> object:
        raise UpstreamFailed(OMS, "stock", "error inside a 200")

    bench = Bench(ok)
    with pytest.raises(UpstreamFailed, match="inside a 200"):
        await bench.call(Call("stock", decode))
    assert bench.heard(CallFinished)[0].verdict is Verdict.FAILURE


@pytest.mark.parametrize("body", [b'{"n":', b"<html>", b"\xff", b"[" * 200_000])
async def test_a_body_that_cannot_be_read_is_garbled(body: bytes) -> None:
    """What the decoder refuses counts against the system."""
    with pytest.raises(UpstreamGarbled):
        await Bench(status(200, content=body)).call()


async def test_bodies_are_bounded_packed_or_not() -> None:
    """A body above the limit is not read to its end; a small archive of a large body is no way around it."""
    policy = replace(QUICK, body_max_bytes=1000)
    assert await Bench(status(200, content=b"1".zfill(1000)), policy).call(Call("stock", len)) == 1000
    with pytest.raises(UpstreamGarbled, match="1000 bytes"):
        await Bench(status(200, content=b" " * 1001), policy).call()
    for size, whole in ((1000, True), (100_000, False)):
        packed = gzip.compress(b" " * size)
        bench = Bench(status(200, {"content-encoding": "gzip"}, packed), policy)
        with contextlib.nullcontext() if whole else pytest.raises(UpstreamGarbled, match="1000 bytes"):
            assert await bench.call(Call("stock", len)) == 1000


async def test_a_refusal_with_an_endless_body_is_still_a_refusal() -> None:
    """Of an error only the beginning of the body matters."""
    with pytest.raises(UpstreamRejected):
        await Bench(status(404, content=b" " * 5000), replace(QUICK, body_max_bytes=1000)).call()


async def test_bugs_in_a_decoder_stay_bugs() -> None:
    """A KeyError in a connector is not blamed on the system, and nothing stays taken."""
    bench = Bench(ok)
    names: dict[str, int] = {}
    with pytest.raises(KeyError):
        await bench.call(Call("stock", lambda _: names["missing"]))
    assert bench.heard(CallFinished)[0].verdict is Verdict.IGNORED
    assert (bench.wire.snapshot().in_flight, bench.wire.snapshot().capabilities[0].in_flight) == (0, 0)


def test_a_slow_drip_is_cut_in_time() -> None:
    """The limit covers the last byte: a body that keeps coming byte by byte ends with it."""

    async def story() -> None:
        bench = Bench(lambda _: httpx.Response(200, stream=Dripping(0.1)))
        started = loop_clock()
        with pytest.raises(UpstreamTimeout):
            await bench.call()
        assert loop_clock() - started == pytest.approx(1.0)
        assert bench.heard(CallFinished)[0].verdict is Verdict.FAILURE

    run_virtual(story())


def test_our_deadline_cuts_earlier_and_is_not_the_systems_fault() -> None:
    """With less time left than the system's own limit the call ends just before the deadline, without a verdict."""

    async def story() -> None:
        bench = Bench(after(5.0))
        started = loop_clock()
        with deadline_scope(0.3, clock=loop_clock), pytest.raises(DeadlineExceeded):
            await bench.call()
        assert loop_clock() - started == pytest.approx(0.28)
        assert bench.heard(CallFinished)[0].verdict is Verdict.IGNORED

    run_virtual(story())


def test_a_deadline_that_has_passed_asks_nobody() -> None:
    """Out of time before the start: no call, and the shedding is told."""

    async def story() -> None:
        bench = Bench(ok)
        with deadline_scope(0.01, clock=loop_clock), pytest.raises(DeadlineExceeded):
            await bench.call()
        assert bench.asked == []
        assert [shed.why for shed in bench.heard(Shed)] == ["DEADLINE_EXCEEDED"]
        assert bench.heard(CallFinished)[0].attempts == 0

    run_virtual(story())


def test_reads_are_asked_again() -> None:
    """Two faults, then an answer: the caller sees the answer, with the whole body sent each time."""

    async def story() -> None:
        bench = Bench(in_order(status(503), status(502), ok), RETRYING)
        assert await bench.call() == {"ok": True}
        assert [request.content for request in bench.asked] == [b'{"ids":[1]}'] * 3
        assert bench.heard(CallFinished)[0].attempts == 3

    run_virtual(story())


@pytest.mark.parametrize(("key", "asked"), [(None, 1), ("k-1", 3)])
def test_only_keyed_writes_are_asked_again(key: str | None, asked: int) -> None:
    """A write without a key is sent once."""

    async def story() -> None:
        bench = Bench(status(500), RETRYING)
        with pytest.raises(UpstreamFailed):
            await bench.call(Call("orders", as_json, write=True, idempotency_key=key))
        assert len(bench.asked) == asked

    run_virtual(story())


def test_retries_stop_at_the_deadline() -> None:
    """A retry that would start after the deadline is not waited for; the first error is what the caller gets."""

    async def story() -> None:
        bench = Bench(status(503, {"retry-after": "2"}), RETRYING)
        started = loop_clock()
        with deadline_scope(1.0, clock=loop_clock), pytest.raises(UpstreamFailed) as caught:
            await bench.call()
        assert caught.value.retry_after_s == 2.0
        assert (loop_clock() - started, len(bench.asked)) == (0.0, 1)

    run_virtual(story())


def test_retries_stop_with_the_budget() -> None:
    """A system that fails every call is asked hardly more often than it is called, in spite of two retries each."""

    async def story() -> None:
        policy = replace(RETRYING, retry_floor_per_s=1.0, minimum_calls=10_000)
        bench = Bench(status(500), policy)
        for _ in range(100):
            with pytest.raises(UpstreamFailed):
                await bench.call()
        assert len(bench.asked) <= 100 + 2

    run_virtual(story())


def test_a_paused_system_is_waited_for_or_left_alone() -> None:
    """After a 429 a patient caller waits out the pause, an impatient one is told at once when to come back."""

    async def story() -> None:
        bench = Bench(in_order(status(429, {"retry-after": "2"}), ok))
        with pytest.raises(UpstreamThrottled):
            await bench.call()
        with deadline_scope(1.0, clock=loop_clock), pytest.raises(UpstreamThrottled) as caught:
            await bench.call(Call("pricing", as_json))  # the quota is the system's, so another capability waits too
        assert caught.value.retry_after_s == pytest.approx(2.2)
        assert len(bench.asked) == 1
        started = loop_clock()
        with deadline_scope(5.0, clock=loop_clock):
            assert await bench.call() == {"ok": True}
        assert loop_clock() - started == pytest.approx(2.2)
        assert [shed.why for shed in bench.heard(Shed)] == ["UPSTREAM_THROTTLED"]

    run_virtual(story())


def test_a_pause_with_too_many_waiting_turns_away_at_once() -> None:
    """Who finds no place to sit out the pause is refused without retries, however patient."""

    async def story() -> None:
        bench = Bench(status(429, {"retry-after": "1"}), replace(RETRYING, queue_max=0))
        with pytest.raises(UpstreamThrottled):
            await bench.call(Call("orders", as_json, write=True))
        started = loop_clock()
        with pytest.raises(UpstreamThrottled):
            await bench.call()
        assert (loop_clock() - started, len(bench.asked)) == (0.0, 1)

    run_virtual(story())


def test_below_the_usual_time_nobody_is_asked() -> None:
    """With less time left than p95 the degraded path is taken at once; once a second a call tries all the same."""

    async def story() -> None:
        bench = Bench(after(0.3), replace(QUICK, latency_minimum=20, latency_probe_every_s=1.0))
        for _ in range(20):
            await bench.call()
        started = loop_clock()
        for _ in range(10):
            with deadline_scope(0.2, clock=loop_clock), pytest.raises(DeadlineExceeded):
                await bench.call()
        assert len(bench.asked) == 21
        assert loop_clock() - started == pytest.approx(0.18)

    run_virtual(story())


async def test_transport_faults_leave_as_house_errors() -> None:
    """What the transport raises is translated, and the original is its cause."""

    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(UpstreamUnreachable) as caught:
        await Bench(refuse).call()
    assert isinstance(caught.value.__cause__, httpx.ConnectError)


async def test_a_broken_hook_costs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """A hook that raises is logged; the call is answered and the next hook hears of it."""
    heard: list[Event] = []

    def broken(_: Event) -> None:
        raise RuntimeError("no disk")

    wire = Wire(OMS, QUICK, httpx.MockTransport(lambda _: httpx.Response(200, json=1)), hooks=(broken, heard.append))
    async with httpx.AsyncClient(transport=wire, base_url="http://oms.test") as client:
        assert decoded(await client.get("/", extensions={CALL: STOCK})) == 1
    assert "no disk" in caplog.text
    assert len(heard) == 1
