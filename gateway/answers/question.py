"""When two requests ask the same.

The key of an answer is: who asks (the whole `Caller`), the path it is made on, the text of the document, the name of
the operation, and the variables. It is complete, because a resolver knows nothing else:

- `Context` has four fields. The *caller* is in the key, all of it: subject, audience, scopes, customer, store, region,
  channel. With the audience go its view, path, masks, scopes, limits, origins, `max_stale_s` and whether it may read
  its schema: all fixed when the process starts. *Retail* is one per process; what is read of it is what an answer is
  tied to and dropped with. *Loaders* are each request's own. A *deadline* can make an answer fail or lean on what
  stands in; neither is kept.
- What the door sets beside it follows from the caller (`current_owner`, `residency`), from the audience (`stalest_s`,
  `path_scope`), or from the document (its path, which is in the key as it is in force); or it does not touch queries
  (`header_key`, which names a write), or answers at all (correlation id, trace, who pays).
- Who is unknown or comes from a foreign page is refused as ever: `House.admit` is passed by every request, but for
  those that are in all respects like one that has passed (`gateway/http/known.py`). Who asks too often is refused, too:
  every request is counted, kept answer or not.
- Of the request, `Accept` decides the media type and, for answers with errors, the status; kept answers have none, and
  their bytes are the same for both types. `extensions` of a request only name the document. GET and POST differ for
  mutations alone.
- The hour: what an answer says of ages is written anew (`Whole.again`), and all else holds until `good_until`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import orjson

VARIABLES_BYTES_MAX = 4096
"""A hundred SKUs are 1.5 KiB. What is longer was made for one request, and is not asked again."""


class Operation:
    """One query in the hands of one caller. `shared` is whether its last run made something for others, too."""

    __slots__ = ("shared",)

    def __init__(self) -> None:
        self.shared = True  # until it turns out otherwise: the first hundred who ask may come at once


class Question(NamedTuple):
    """An operation, which is compared by identity, with variables in their one canonical form."""

    operation: Operation
    variables: bytes


def canonical(variables: Mapping[str, object] | None) -> bytes | None:
    """The one text of these variables, whatever order they came in. None when it is too long, or cannot be written:
    numbers beyond 64 bits and lone surrogates.

    Two texts are the same only for the same values: 1, 1.0 and "1" differ.
    """
    if not variables:
        return b""
    try:
        text = orjson.dumps(variables, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        return None
    return text if len(text) <= VARIABLES_BYTES_MAX else None
