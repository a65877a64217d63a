"""Which systems an operation may reach, and whether the path it is on may wait for them.

Knows the schema's declarations and documents; executes nothing and asks nobody."""

from gateway.paths.declared import Declared, Served
from gateway.paths.proof import Proof, UnreadableDocuments, path_said, prove, prove_texts, texts_in
from gateway.paths.reach import Place, Touch, places, touches
from gateway.paths.rule import SHUT, code_of, document_path, instead, offences

__all__ = [
    "SHUT",
    "Declared",
    "Place",
    "Proof",
    "Served",
    "Touch",
    "UnreadableDocuments",
    "code_of",
    "document_path",
    "instead",
    "offences",
    "path_said",
    "places",
    "prove",
    "prove_texts",
    "texts_in",
    "touches",
]
