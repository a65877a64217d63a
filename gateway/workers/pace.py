"""How soon a worker that ended is replaced."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartPace:
    """At once for one that ended out of the blue, later and later for one that ends again and again."""

    # Doubling, from the second time in a row.
    first_s: float = 0.5
    # Long enough that a machine has time for its other work, short enough that nobody has to help once all is well.
    most_s: float = 30.0
    # Who lived for so long ended out of the blue.
    settled_s: float = 60.0
    # When all have ended so often in a row and none is left, the whole is given up: whoever started it can see that.
    failures_max: int = 6

    def wait_s(self, failures: int) -> float:
        """Seconds to wait before the next start, after so many failures in a row."""
        if failures <= 1:
            return 0.0
        # The exponent is bounded, because 2.0 ** 1100 is an OverflowError and failures are not.
        return min(self.most_s, self.first_s * 2.0 ** min(failures - 2, 32))
