"""The README is true."""

from tests.house.test_order import ROOT

README = (ROOT / "README.md").read_text()


def test_the_readme_asks_the_first_query_that_the_demo_prints() -> None:
    """One first query stands in the README, in the explorer and on the demo's screen."""
    assert (ROOT / "gateway/explorer/first.graphql").read_text().rstrip() in README


def test_the_readme_names_every_dependency() -> None:
    """Every direct dependency stands in the README with its reason."""
    declared = (ROOT / "pyproject.toml").read_text().split("dependencies = [")[1].split("]")[0]
    names = [
        line.split('"')[1].split(">")[0].split(";")[0].split("[")[0] for line in declared.splitlines() if '"' in line
    ]
    assert names
    for name in names:
        assert name in README, f"{name} is not in the README"
