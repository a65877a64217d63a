"""The keys of a deployment come from a file, and what is wrong with it is said without its secrets."""

from pathlib import Path

import pytest

from gateway.promises import read_keys

ONE, TWO = "ab" * 32, "cd" * 32


def test_the_first_line_signs_and_the_second_still_vouches(tmp_path: Path) -> None:
    """One or two keys are read; empty lines and remarks are passed over."""
    file = tmp_path / "keys"
    file.write_text(f"# made in March\n\nmar {ONE}\n  feb\t{TWO.upper()}\n")
    keys = read_keys(file)
    assert (keys.current.id, keys.current.secret) == ("mar", bytes.fromhex(ONE))
    assert keys.previous is not None
    assert (keys.previous.id, keys.previous.secret) == ("feb", bytes.fromhex(TWO))
    file.write_text(f"mar {ONE}")
    assert read_keys(file).previous is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing",
        f"a {ONE}\nb {TWO}\nc {ONE}",
        ONE,
        f"a {ONE[:62]}",
        f"a {ONE[:-1]}",
        f"a.b {ONE}",
        f"a {ONE}\na {TWO}",
        f"a {ONE[:-2]}zz",
        f"a {ONE}é",
        f"a {ONE}" + " " * 5000,
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, text: str) -> None:
    """No keys, too many, weak, misspelt or repeated ones are ValueErrors that show no secret."""
    file = tmp_path / "keys"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"key|secret") as wrong:
        read_keys(file)
    assert "abab" not in str(wrong.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A file that is not there is told by its name."""
    with pytest.raises(ValueError, match="no-such"):
        read_keys(tmp_path / "no-such")
