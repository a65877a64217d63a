"""Writes the table again, as things are now."""

from tests.matrix.collected import collected
from tests.matrix.table import MATRIX, written
from tests.matrix.verdicts import Court

court = Court()
documents = collected(court.schema._schema)
names = tuple(caller.name for caller in court.callers)
MATRIX.write_text(written(court.judge(documents), names), encoding="utf-8")
