"""The numbers of whole answers, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerSettings:
    """The `[answers]` section. Raises ValueError when a bound is not positive, or one answer may have more than all."""

    # Off, every operation runs: to see what one costs, or to rule this out when an answer is wrong.
    enabled: bool = True
    # In each process. A page of 24 products with stock at 3 places weighs some 60 KiB, more than half of it what it is
    # tied to; 500 pages are what shoppers look at within the seconds that stock is fresh for.
    bytes_max: int = 32 * 1024 * 1024
    # 100 products with stock at six places. Larger ones are exports, which nobody asks for twice within seconds, and
    # which would push ten pages out.
    answer_bytes_max: int = 512 * 1024

    def __post_init__(self) -> None:
        if self.answer_bytes_max <= 0 or self.bytes_max < self.answer_bytes_max:
            raise ValueError("answer_bytes_max is more than 0, and at most bytes_max")
