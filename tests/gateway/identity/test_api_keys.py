"""API keys: how they look, how they are kept, and when they end."""

from __future__ import annotations

import string
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, select

from domains.vocabulary import CustomerId, LocationId
from gateway.database import open_database
from gateway.identity import IdentityUnavailable, Unauthenticated, register
from gateway.identity.doorkeeper import Doorkeeper
from gateway.identity.keyring import Ring, RingPolicy
from gateway.identity.keys import CHECKSUM_CHARACTERS, PREFIX, ApiKeys, checksum, id_of, make_token
from gateway.identity.refused import CredentialExpired
from gateway.identity.settings import Identity
from resolvers.context import Caller
from tests.gateway.identity.minting import NOW, Time, bearer

R = TypeVar("R")
ACME = Caller(
    "acme", "partner", frozenset({"orders", "stock"}), CustomerId("cust-1"), LocationId("store-1"), "eu", "MARKET"
)
BEARER = Caller("key:acme", "partner", ACME.scopes, ACME.customer_id, ACME.store_id, "eu", "MARKET")


def change(url: str, work: Callable[[Connection], R]) -> R:
    database = open_database(url, 1)
    try:
        with database.writing.begin() as connection:
            register.prepare(database, connection)
            return work(connection)
    finally:
        database.close()


def test_a_key_can_be_told_from_other_text() -> None:
    """It begins with rgk_, is one word for a double click, and no two are alike."""
    made = {make_token() for _ in range(100)}
    assert len({id_ for id_, _ in made}) == 100
    for id_, token in made:
        assert token.startswith(PREFIX)
        assert id_of(token) == id_
        assert set(token) <= set(string.ascii_letters + string.digits + "_")


@settings(max_examples=200)
@given(place=st.integers(0, 66), put=st.sampled_from(string.ascii_letters + string.digits + "_-. "))
def test_a_slip_of_the_hand_is_told(place: int, put: str) -> None:
    """One character that is wrong is found by the checksum, without asking the database."""
    _, token = make_token()
    wrong = token[: place % len(token)] + put + token[place % len(token) + 1 :]
    if wrong != token:
        with pytest.raises(Unauthenticated, match="mistyped"):
            id_of(wrong)


def test_what_is_kept_is_a_digest(url: str) -> None:
    """The table holds no secret, and from it the bearer's caller is read with everything it carries."""
    token = change(url, lambda connection: register.create(connection, ACME, NOW, None))
    rows = change(url, lambda connection: connection.execute(select(register.api_keys)).mappings().all())
    assert token[20:60] not in repr(rows)
    keys = change(url, lambda connection: register.live_keys(connection, NOW))
    assert keys[id_of(token)].caller == BEARER


def test_an_owner_has_two_live_keys_at_most(url: str) -> None:
    """A second key is made by rotation, with the same rights; a third not before one of them has ended."""
    first = change(url, lambda connection: register.create(connection, ACME, NOW, None))
    with pytest.raises(register.KeyRefused, match="keys rotate"):
        change(url, lambda connection: register.create(connection, ACME, NOW, None))
    second = change(url, lambda connection: register.rotate(connection, "acme", NOW, NOW + 60, None))
    with pytest.raises(register.KeyRefused, match="two live keys"):
        change(url, lambda connection: register.rotate(connection, "acme", NOW, NOW + 60, None))
    both = change(url, lambda connection: register.live_keys(connection, NOW + 59))
    assert {key.caller.scopes for key in both.values()} == {ACME.scopes}
    assert set(both) == {id_of(first), id_of(second)}
    later = change(url, lambda connection: register.live_keys(connection, NOW + 60))
    assert set(later) == {id_of(second)}
    change(url, lambda connection: register.rotate(connection, "acme", NOW + 60, NOW + 60, None))
    states = [key.state(NOW + 60) for key in change(url, lambda connection: register.listed(connection, "acme"))]
    assert sorted(states) == ["ENDED", "ENDED", "LIVE"]


def test_a_rotation_does_not_lengthen_an_old_key(url: str) -> None:
    """A key that was to end sooner than the rotation says ends then."""
    change(url, lambda connection: register.create(connection, ACME, NOW, NOW + 10))
    change(url, lambda connection: register.rotate(connection, "acme", NOW, NOW + 1000, None))
    assert len(change(url, lambda connection: register.live_keys(connection, NOW + 11))) == 1


def test_no_more_keys_live_than_are_read(url: str) -> None:
    """Neither by a first key nor by a successor; one that takes the place of another finds room, and a rotation that
    does not leaves the old key as it was."""
    many = [replace(ACME, subject=f"owner-{number}") for number in range(register.KEYS_MAX)]
    row = {"digest": "00", "audience": "partner", "scopes": "", "created_at": NOW, "ends_at": NOW + 1000}
    change(url, lambda connection: register.create(connection, ACME, NOW, None))
    rows = [row | {"id": one.subject, "subject": one.subject} for one in many[1:]]
    change(url, lambda connection: connection.execute(insert(register.api_keys), rows))
    with pytest.raises(register.KeyRefused, match="no room"):
        change(url, lambda connection: register.create(connection, many[0], NOW, None))
    with pytest.raises(register.KeyRefused, match="no room"):
        change(url, lambda connection: register.rotate(connection, "acme", NOW, NOW + 60, None))
    (old,) = change(url, lambda connection: register.listed(connection, "acme"))
    assert old.ends_at is None
    change(url, lambda connection: register.rotate(connection, "acme", NOW, NOW, None))
    live = change(url, lambda connection: register.live_keys(connection, NOW))
    assert len(live) == register.KEYS_MAX


def test_keys_are_revoked_by_id_or_by_owner(url: str) -> None:
    """One key by its id, all of an owner by name, and nothing twice; others stay."""
    first = id_of(change(url, lambda connection: register.create(connection, ACME, NOW, None)))
    second = id_of(change(url, lambda connection: register.rotate(connection, "acme", NOW, NOW + 60, None)))
    other = id_of(change(url, lambda connection: register.create(connection, Caller("b", "partner"), NOW, None)))
    assert change(url, lambda connection: register.revoke(connection, first, NOW)) == [first]
    assert change(url, lambda connection: register.revoke(connection, "acme", NOW)) == [second]
    assert change(url, lambda connection: register.revoke(connection, "acme", NOW)) == []
    assert set(change(url, lambda connection: register.live_keys(connection, NOW))) == {other}
    with pytest.raises(register.KeyRefused, match="keys create"):
        change(url, lambda connection: register.rotate(connection, "acme", NOW, NOW + 60, None))


def keeper_at(url: str, clock: Time, **keys: Any) -> Doorkeeper:
    return Doorkeeper(Identity.model_validate({"keys": keys}), url, clock=clock)


async def test_a_key_lets_its_owner_in(url: str) -> None:
    """The right secret is the caller; the right id with another secret, and an id nobody has, are refused."""
    token = change(url, lambda connection: register.create(connection, ACME, NOW, NOW + 60))
    other = change(url, lambda connection: register.create(connection, Caller("b", "partner"), NOW, None))
    forged = token[:17] + other[17:-CHECKSUM_CHARACTERS]
    clock = Time()
    keeper = keeper_at(url, clock, refetch_every_s=0.001)
    async with keeper.running():
        assert await keeper.caller(bearer(token)) == BEARER
        for wrong in (forged + checksum(forged), make_token()[1], token[:-1], token + "a", PREFIX):
            with pytest.raises(Unauthenticated):
                await keeper.caller(bearer(wrong))
        clock.now = NOW + 60
        with pytest.raises(CredentialExpired):
            await keeper.caller(bearer(token))


async def test_a_database_without_keys_knows_none(url: str) -> None:
    """Before anybody made a key there is no table, nothing is written, and a key is refused."""
    keeper = keeper_at(url, Time())
    async with keeper.running():
        with pytest.raises(Unauthenticated):
            await keeper.caller(bearer(make_token()[1]))


async def test_a_database_that_is_away_refuses_nobody(tmp_path: Path) -> None:
    """When the keys cannot be read, nobody can tell: that is no refusal."""
    keeper = keeper_at(f"sqlite:///{tmp_path / 'no such folder' / 'x.db'}", Time())
    async with keeper.running():
        with pytest.raises(IdentityUnavailable):
            await keeper.caller(bearer(make_token()[1]))


async def test_a_revoked_key_is_served_no_longer_than_said(url: str) -> None:
    """Each process reads the keys anew after `fresh_s`: until then a revoked key may count, and from then on not."""
    token = change(url, lambda connection: register.create(connection, ACME, NOW, None))
    clock, kept = Time(0), register.Register(url, Time())
    ring = Ring("test", kept.live_keys, RingPolicy(fresh_s=5, stale_max_s=30, refetch_every_s=1), monotonic=clock)
    keys = ApiKeys(ring, Time())
    try:
        assert await keys.caller(token) == BEARER
        change(url, lambda connection: register.revoke(connection, "acme", NOW))
        clock.now = 3.9
        assert await keys.caller(token) == BEARER
        clock.now = 5
        with pytest.raises(Unauthenticated):
            await keys.caller(token)
    finally:
        await ring.aclose()
        await kept.aclose()
