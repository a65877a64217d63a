"""Log lines, one per event: JSON for collectors or text for people, with the correlation id and nothing private."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from typing import Any, Literal, TextIO

import orjson
import structlog
from msgspec import Struct
from structlog.typing import EventDict, Processor, WrappedLogger

from domains.upstream import correlation_id

MASK = "***"
_DEPTH_MAX = 6  # deeper than this an event is a document, and documents are not logged

# Whole words of a key, so that `token_count` is masked rather than `tokenised` let through by a finer rule.
_PRIVATE = re.compile(
    r"(^|_)(authorization|cookie|set_cookie|password|secret|secrets|token|tokens|api_?key|credential|credentials|"
    r"email|e_mail|phone|telephone|address|street|post_?code|postal_?code|zip|zip_?code|first_?name|last_?name|"
    r"given_?name|family_?name|full_?name|display_?name|customer_?name|date_of_birth|birth_?date|birthday|iban|"
    r"segments|note|notes|variables|query_string)(_|$)",
    re.IGNORECASE,
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# Values that give themselves away, whatever their key: bearer tokens, e-mail addresses and telephone numbers inside a
# sentence.
_BEARER = re.compile(r"(?i)\bbearer\s+[A-Za-z0-9\-._~+/]+=*")
_EMAIL = re.compile(r"[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9\-]{1,63}(?:\.[A-Za-z0-9\-]{1,63})+")
# With a country's code (E.164: 15 digits at most), or as it is dialled at home and written in groups. Dates, times,
# durations, ids and versions are none of these; a number without groups is none either, since every count would be.
_PHONE = re.compile(
    r"(?<![\w+])\+[1-9](?:[ ().\-/]{0,2}\d){7,14}(?!\w)"
    r"|(?<![\w.+\-/:])\(?0\d{1,4}\)?[ /\-]\d{3,}(?:[ \-]?\d+)*(?![\w.:\-])"
    r"|(?<![\w.+\-/:])\(?[2-9]\d{2}\)?[ .\-]\d{3}[ .\-]\d{4}(?![\w.:\-])"
)
_MANY_DIGITS = re.compile(r"(?:\d[ ().\-/]{0,2}){7}")  # cheap, and most texts have no number that long
_PLAIN = (bool, int, float, type(None))


def mask(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace what is private, by key at any depth and by shape inside texts."""
    return {key: _masked(key, value, 0) for key, value in event.items()}


def _masked(key: str, value: Any, depth: int) -> Any:
    if _PRIVATE.search(_CAMEL.sub("_", key).replace("-", "_")) and value is not None:
        return MASK
    if isinstance(value, _PLAIN):
        return value
    if not isinstance(value, Mapping | list | tuple):
        # Of the rest the renderer would make texts, which nobody would look at any more: errors, paths, records.
        return MASK if isinstance(value, Struct) else _masked_text(str(value))
    if depth >= _DEPTH_MAX:
        return MASK
    if isinstance(value, Mapping):
        return {str(name): _masked(str(name), member, depth + 1) for name, member in value.items()}
    return [_masked(key, member, depth + 1) for member in value]


def _masked_text(text: str) -> str:
    if "@" in text or "earer" in text:
        text = _EMAIL.sub(MASK, _BEARER.sub(f"Bearer {MASK}", text))
    return _PHONE.sub(MASK, text) if _MANY_DIGITS.search(text) else text


def _with_correlation_id(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    if (current := correlation_id.get()) is not None:
        event.setdefault("correlation_id", current)
    return event


def _json(value: Any, **_: Any) -> str:
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def configure_logs(level: str, form: Literal["json", "console"], out: TextIO = sys.stderr) -> None:
    """Send everything that is logged, by structlog or the standard library, to `out` in one form.

    Replaces the handlers of the root logger; call it once, at the start.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _with_correlation_id,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,  # text before it is masked
                mask,
                _renderer(form, out),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    _quieten(root.level)


def _renderer(form: Literal["json", "console"], out: TextIO) -> Processor:
    if form == "json":
        return structlog.processors.JSONRenderer(serializer=_json)
    # The pretty tracebacks would print every local variable, past the mask.
    plain = structlog.dev.plain_traceback
    return structlog.dev.ConsoleRenderer(colors=out.isatty(), exception_formatter=plain)


def _quieten(level: int) -> None:
    """Leave to each library what nobody else says."""
    # Uvicorn's own handlers would print every line a second time, and its access lines hold query strings.
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = name != "uvicorn.access"
    # These say once per call what the Wire already says.
    for name in ("httpx", "httpcore", "aiohttp", "asyncio"):
        logging.getLogger(name).setLevel(max(logging.WARNING, level))
