"""Which systems an operation may reach, and whether the path it is on may wait for them.

Knows the schema's declarations and documents; executes nothing and asks nobody."""

from gateway.paths.declared import Declared, Served
from gateway.paths.proof import Proof, prove
from gateway.paths.reach import Touch, touches
from gateway.paths.rule import SHUT, code_of, instead, offences, path_of

__all__ = [
    "SHUT",
    "Declared",
    "Proof",
    "Served",
    "Touch",
    "code_of",
    "instead",
    "offences",
    "path_of",
    "prove",
    "touches",
]
