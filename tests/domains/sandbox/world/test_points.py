"""The points ledger balances, and people are who they say."""

from domains.sandbox.world import World


def posted(world: World, membership_id: str, *types: str) -> int:
    return sum(
        int(entry["points"]["value"])
        for entry in world.ledger[membership_id]
        if entry["status"] == "POSTED" and (not types or entry["type"] in types)
    )


def test_ledgers_are_in_order_and_never_below_zero(world: World) -> None:
    """Entries stand oldest first, and at no moment does a membership have less than nothing."""
    for entries in world.ledger.values():
        times = [entry["occurredAt"] for entry in entries]
        assert times == sorted(times)
        balance = 0
        for entry in entries:
            balance += int(entry["points"]["value"]) if entry["status"] == "POSTED" else 0
            assert balance >= 0


def test_holds_are_the_held_redemptions(world: World) -> None:
    """What HOLD took and RELEASE did not give back is what the redemptions in state HELD say."""
    held = dict.fromkeys(world.memberships, 0)
    for row in world.redemptions.values():
        if row["state"] == "HELD":
            held[row["membershipId"]] += int(row["points"]["value"])
            assert row["expiresAt"] > world.day.isoformat()
    assert held == {id_: -posted(world, id_, "HOLD", "RELEASE") for id_ in world.memberships}


def test_every_redemption_state_occurs(world: World) -> None:
    """Redemptions are found held, captured, voided, expired and reversed."""
    states = {row["state"] for row in world.redemptions.values()}
    assert states == {"HELD", "CAPTURED", "VOIDED", "EXPIRED", "REVERSED"}


def test_entries_tie_to_orders(world: World) -> None:
    """What the ledger says an order earned, will earn and spent is what its points say."""
    for id_, entries in world.ledger.items():
        for entry in entries:
            if entry["orderId"] is None:
                continue
            assert world.orders[entry["orderId"]]["customerId"] == world.memberships[id_]["customerId"]
            if entry["type"] == "ACCRUAL":
                member = "pending" if entry["status"] == "PENDING" else "earned"
                assert world.order_points[entry["orderId"]][member] == entry["points"]


def test_reversals_are_what_returns_took_back(world: World) -> None:
    """The points that returns reversed are the REVERSAL entries of their orders."""
    reversed_ = sum(int(row["pointsReversed"]["value"]) for row in world.returns.values() if row["pointsReversed"])
    taken = sum(
        int(entry["points"]["value"])
        for entries in world.ledger.values()
        for entry in entries
        if entry["type"] == "REVERSAL" and int(entry["points"]["value"]) < 0
    )
    assert reversed_ == -taken > 0


def test_anna_has_her_points(world: World) -> None:
    """mem-00001 is cust-00001's and has 4,250 points, with 500 more on hold."""
    assert world.memberships["mem-00001"]["customerId"] == "cust-00001"
    assert posted(world, "mem-00001") == 4250
    assert posted(world, "mem-00001", "HOLD", "RELEASE") == -500


def test_all_tiers_have_members(world: World) -> None:
    """Members are spread over all four tiers."""
    tiers = {row["tier"]["code"] for row in world.memberships.values()}
    assert tiers == {tier["code"] for tier in world.program["tiers"]} == {"BRONZE", "SILVER", "GOLD", "PLATINUM"}


def test_emails_are_unique(world: World) -> None:
    """No two customers share an email address, and all are plain ASCII in the example domain."""
    emails = [row["email"] for row in world.customers.values()]
    assert len(set(emails)) == len(emails)
    assert all(email.isascii() and " " not in email and email.endswith("@example.com") for email in emails)


def test_consents_are_a_log(world: World) -> None:
    """Customers have said more than one thing about some channels, oldest first and not in the future."""
    log = world.customers["cust-00001"]["consents"]
    said = [row["changedAt"] for row in log if row["channel"] == "EMAIL"]
    assert len(said) > 1
    assert said == sorted(said)
    day = world.day.isoformat()
    assert all(row["changedAt"] < day for customer in world.customers.values() for row in customer["consents"])


def test_accounts_are_not_all_active(world: World) -> None:
    """Some accounts are blocked, on hold or erased, and some customers are unknown to the ERP."""
    assert {row["status"] for row in world.accounts.values()} == {"ACTIVE", "BLOCKED", "CREDIT_HOLD", "ERASED"}
    assert len(world.accounts) < len(world.customers)
    assert world.accounts["cust-00001"]["status"] == "ACTIVE"


def test_codes_fail_in_every_way(world: World) -> None:
    """There are code promotions that are over, not begun, withdrawn, used up, and for some people only."""
    rules = {rule["code"]: rule for rule in world.promotions.values() if rule["code"]}
    day = world.day.isoformat()
    assert rules["SPRING"]["endsAt"] < day < rules["SOON"]["startsAt"]
    assert not rules["PAUSED"]["enabled"]
    assert rules["FIRST100"]["usageCount"] >= rules["FIRST100"]["usageLimit"]
    assert rules["VIP12"]["segments"] == ["vip"]
