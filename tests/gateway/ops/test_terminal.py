"""What the commands print."""

import pytest
from rich.table import Table

from gateway.ops.terminal import say, table_console

WORDS = "[/BEV1/] refused [see note] :100:"


def test_the_words_of_others_are_printed_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    """What a system or a person wrote is no markup: nothing of it is lost, and none of it ends the command."""
    table = Table("why")
    table.add_row(WORDS)
    table_console().print(table)
    say(WORDS)
    assert capsys.readouterr().out.count(WORDS) == 2
