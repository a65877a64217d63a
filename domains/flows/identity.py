"""Ids that a repeat of the same write makes again."""

from __future__ import annotations

from domains.vocabulary import IdempotencyKey

_LENGTH = 24  # 96 bits of a SHA-256: no two writes of a retailer's lifetime meet


def flow_id_of(key: IdempotencyKey) -> str:
    """The id of the flow that the write of `key` starts. `key` is a scoped one: hexadecimal, 64 characters."""
    return f"flow-{key[:_LENGTH]}"
