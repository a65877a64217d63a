"""Customers, as the CRM keeps them, and the status of their accounts, as the ERP does."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from domains.sandbox.world.cities import STORES, City
from domains.sandbox.world.rows import Row, instant, stream

FIRST_NAMES = (
    "Anna", "Ben", "Clara", "David", "Elena", "Felix", "Giulia", "Hugo", "Ines", "Jonas", "Katrin", "Luca", "Marta",
    "Nils", "Olga", "Pablo", "Rosa", "Simon", "Teresa", "Viktor", "Aoife", "Mikko", "Eleni", "Sander", "Zoé",
)  # fmt: skip
LAST_NAMES = (
    "Keller", "Moreau", "Rossi", "García", "Jansen", "Peeters", "Silva", "Huber", "Murphy", "Virtanen", "Papadakis",
    "Weber", "Lefèvre", "Conti", "Navarro", "de Vries", "Maes", "Costa", "Gruber", "Byrne", "Nieminen", "Schmitt",
    "Dubois", "Ferrari", "Romero", "Bakker", "Wouters", "Pereira", "Pichler", "Brandt",
)  # fmt: skip
_ASCII = str.maketrans("éèíöüáç", "eeiouac", " '")

_REGIONS = {"DE": "eu-central", "AT": "eu-central", "IT": "eu-south", "ES": "eu-south", "PT": "eu-south",
            "GR": "eu-south", "FI": "eu-north"}  # fmt: skip
# Ranges that national regulators keep for films and examples: BNetzA (Berlin 030 23125), ARCEP (01 99 00). Customers of
# other countries have no telephone here rather than somebody else's.
_PHONES = {"DE": "+493023125{:03d}", "FR": "+3319900{:04d}"}

_SEGMENTS = ("newsletter", "student", "vip", "family", "outdoor", "employee", "lapsed")
_PURPOSES = {"EMAIL": "marketing", "SMS": "service", "PUSH": "marketing", "POST": "marketing", "CALL": "profiling"}


def customer_id(number: int) -> str:
    return f"cust-{number:05d}"


def membership_id(number: int) -> str:
    return f"mem-{number:05d}"


def build_customers(seed: int, day: datetime, count: int, members: int) -> dict[str, Row]:
    """Customer rows by id. The first `members` of them hold a membership of the same number."""
    rng = stream(seed, "customers")
    return {customer_id(number): _customer(rng, day, number, number <= members) for number in range(1, count + 1)}


def city_of(number: int) -> City:
    """Where customer `number` lives: cust-00001 lives in Berlin."""
    return STORES[(number - 1) * 7 % len(STORES)]


def _customer(rng: random.Random, day: datetime, number: int, member: bool) -> Row:
    first = FIRST_NAMES[int(rng.random() * len(FIRST_NAMES))] if number > 1 else "Anna"
    last = LAST_NAMES[int(rng.random() * len(LAST_NAMES))] if number > 1 else "Keller"
    country = city_of(number).country
    pattern = _PHONES.get(country)
    external = [{"system": "ERP", "value": f"BP-{1_000_000 + number}"}, {"system": "OMS", "value": f"C{number:07d}"}]
    if member:
        external.append({"system": "LOYALTY", "value": membership_id(number)})
    return {
        "id": customer_id(number),
        "externalIds": external,
        "displayName": f"{first} {last}",
        "email": f"{first}.{last}.{number}@example.com".lower().translate(_ASCII),
        "phone": pattern.format(number % 1000) if pattern else None,
        "segments": [name for name in _SEGMENTS if rng.random() < 0.2] if number > 1 else ["newsletter", "vip"],
        "consents": _consents(rng, day, number),
        "region": _REGIONS.get(country, "eu-west"),
    }


def _consents(rng: random.Random, day: datetime, number: int) -> list[Row]:
    """A log: per channel, what was said first and what was said since, oldest first within a channel."""
    log = []
    for channel, purpose in _PURPOSES.items():
        if number > 1 and rng.random() < 0.3:
            continue
        moment = day - timedelta(days=200 + int(rng.random() * 900), seconds=int(rng.random() * 86_400))
        state = "PENDING" if channel == "EMAIL" else "OPTED_IN"
        for _ in range(1 + int(rng.random() * 3) if number > 1 else 2):
            log.append({"channel": channel, "purpose": purpose, "state": state, "changedAt": instant(moment)})
            moment += timedelta(days=1 + int(rng.random() * 60))
            state = "OPTED_OUT" if state == "OPTED_IN" and rng.random() < 0.4 else "OPTED_IN"
    return log


def build_accounts(seed: int, customers: dict[str, Row]) -> dict[str, Row]:
    """CustomerAccount rows by customer. One customer in fifty is not known to the ERP; cust-00001 is active."""
    rng = stream(seed, "accounts")
    rows = {}
    for number, id_ in enumerate(customers, start=1):
        odds = rng.random()
        if number > 1 and odds < 0.02:
            continue
        status = "ACTIVE"
        if number > 1 and odds < 0.08:
            status = ("BLOCKED", "CREDIT_HOLD", "ERASED")[number % 3]
        rows[id_] = {"customerId": id_, "status": status}
    return rows
