"""Who else must know what is read and forgotten: whoever keeps something that was made of several answers."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, Protocol


class Witness(Protocol):
    """Told in the event loop, between awaits: it must be quick. Keys are digests, as in the stores."""

    def read(self, shelf: str, keys: Collection[str], fresh_s: float) -> None:
        """`keys` of a shelf that is everybody's are about to be read by the task of the moment.

        Who reads them here is told anew what they are after `fresh_s` seconds at the latest, whatever is heard of them.
        """
        ...

    def forgotten(self, shelf: str, keys: Collection[str]) -> None:
        """`keys` were forgotten, here or by another process; what is read from now on is not what was there before."""
        ...

    def lost(self) -> None:
        """Other processes forgot things, and nobody can say which."""
        ...


class Unwitnessed:
    """Nobody needs to know."""

    def read(self, shelf: str, keys: Collection[str], fresh_s: float) -> None: ...

    def forgotten(self, shelf: str, keys: Collection[str]) -> None: ...

    def lost(self) -> None: ...


UNWITNESSED: Final = Unwitnessed()
