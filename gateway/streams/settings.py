"""The numbers of subscriptions, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSettings:
    """How streams are carried, and how many. Raises ValueError when a limit is not positive."""

    # Each holds a socket and some 30 KiB; 2000 are 60 MiB of a process, and half of the usual limit of 4096 files.
    streams_max: int = 2000
    # One caller's tabs and devices; a server that subscribes for its own users has a token of its own, and needs more.
    per_caller_max: int = 100
    # Callers who share a name cannot be told apart, so none of them could be stopped from taking every place.
    anonymous_max: int = 1000
    # Proxies cut a connection that is silent for 30 to 60 s; phones sleep better with fewer wake-ups.
    heartbeat_s: float = 15.0
    # A connection for ever outlives deployments, permissions and load balancing. Clients resume by themselves.
    lifetime_s: float = 3600.0
    # How long after an event the first reader of the news sees it; an indexed look costs less than a millisecond.
    poll_s: float = 0.2
    # Who does not take a message for so long is gone, or will be too late anyway: it resumes with the newest state.
    slow_reader_s: float = 10.0
    # As the protocol says of connection_init; a client sends it at once.
    init_timeout_s: float = 10.0
    # What one page watches, with room. Each is one stream.
    operations_max: int = 50
    # Topics of which it is remembered when something happened to them last, to resume from: some 4 MiB.
    topics_kept: int = 20_000
    # Events read anew when nobody watched for a while: half a second's reading, and what a reconnect reaches back to.
    catch_up_max: int = 1000

    def __post_init__(self) -> None:
        wrong = [field.name for field in fields(self) if getattr(self, field.name) <= 0]
        if wrong:
            raise ValueError(f"more than 0: {', '.join(wrong)}")


DEFAULT_STREAMS = StreamSettings()
