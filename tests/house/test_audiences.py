"""What audiences see is what was accepted."""

from gateway.contracts import kept_in


def test_the_contracts_of_the_shipped_audiences_are_current() -> None:
    """Each contract beside an audience says what its callers see now, letter for letter: `retailgraph audiences accept`
    writes them again, and whoever reviews the change sees what it opens."""
    for kept in kept_in():
        assert kept.is_current, f"{kept.file} is not what {kept.audience.name} sees now: {kept.change}"
