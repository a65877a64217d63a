"""The one way a canonical model is declared."""

import msgspec


class Record(msgspec.Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """An immutable, hashable-by-value fact, decoded from JSON without an intermediate form.

    Attributes are snake_case in Python and camelCase on the wire, so that a document of the open role contracts
    (`domains/connectors/open`) becomes a canonical model in one step. Unknown members are ignored: a service may
    say more than we ask. Subclasses repeat `frozen=True, kw_only=True`: msgspec does not hand kw_only down.

    What is decoded cannot hold itself, so the collector is not told of it: that is a tenth of the time of decoding, and
    what a cache keeps would be walked again and again.
    """
