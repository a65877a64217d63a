"""The table of the audit log. The database itself refuses to change a row, or to delete one that is young."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Double,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    inspect,
    text,
)

from gateway.audit.record import AuditRecord
from gateway.database import Database

KEEP_DAYS_LEAST = 90.0
"""The share of a year that PCI DSS 4.0 (10.5.1) wants at hand at once; triggers keep it from this program too."""

_LOCK = 7_281_993_460_117_025_004  # any number that no other program takes for its own advisory lock

METADATA = MetaData()

audit = Table(
    "audit",
    METADATA,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("subject", Text, nullable=False),
    Column("audience", Text, nullable=False),
    Column("customer", Text),
    Column("store", Text),
    Column("client", Text),
    Column("correlation_id", Text),
    Column("operation", Text),
    Column("coordinate", Text, nullable=False),
    Column("field", Text),
    Column("document", Text, nullable=False),
    Column("key", Text),
    Column("outcome", Text, nullable=False),
    Column("answer", Text),
    Column("code", Text),
    Column("named", Text),
    Column("replayed", Boolean, nullable=False),
    Column("unrecorded", Integer, nullable=False),
    Index("audit_at", "at"),
    sqlite_autoincrement=True,  # a number is not given again once the newest rows are gone
)
"""Times are seconds since the epoch. One index: every record pays for each."""

NAMES = AuditRecord.__struct_fields__

_KEPT_S = int(KEEP_DAYS_LEAST * 86_400)
_SAID = "the audit log is only added to"

# Made together with the table, and by whoever may make it. A superuser can drop them; that is another log's business.
_SQLITE = f"""
CREATE TRIGGER audit_unchanged BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, '{_SAID}'); END
--
CREATE TRIGGER audit_kept BEFORE DELETE ON audit
WHEN OLD.at > CAST(strftime('%s', 'now') AS INTEGER) - {_KEPT_S}
BEGIN SELECT RAISE(ABORT, '{_SAID}'); END
"""
_POSTGRES = f"""
CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql
AS $$ BEGIN RAISE EXCEPTION '{_SAID}'; END $$
--
CREATE TRIGGER audit_unchanged BEFORE UPDATE ON audit FOR EACH ROW EXECUTE FUNCTION audit_refuse()
--
CREATE TRIGGER audit_kept BEFORE DELETE ON audit FOR EACH ROW
WHEN (OLD.at > extract(epoch FROM now()) - {_KEPT_S}) EXECUTE FUNCTION audit_refuse()
--
CREATE TRIGGER audit_whole BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()
"""


def prepare(database: Database, connection: Connection) -> None:
    """Make the table with its triggers, if it is not there."""
    if database.is_postgres:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    if inspect(connection).has_table(audit.name):
        return
    METADATA.create_all(connection)
    for statement in (_POSTGRES if database.is_postgres else _SQLITE).split("--"):
        connection.execute(text(statement))
