"""Trusted documents, and texts that clients name by their digests instead of sending them.

Does not know who may send what else, nor what a document means."""

from gateway.documents.automatic import InMemory, Remembered, Shared
from gateway.documents.desk import Desk
from gateway.documents.reading import MANIFEST, read_all, read_folder, read_manifest
from gateway.documents.trusted import TrustedDocument, TrustedDocuments, UnusableDocuments, digest_of

__all__ = [
    "MANIFEST",
    "Desk",
    "InMemory",
    "Remembered",
    "Shared",
    "TrustedDocument",
    "TrustedDocuments",
    "UnusableDocuments",
    "digest_of",
    "read_all",
    "read_folder",
    "read_manifest",
]
