"""Knowledge: documents, passages, encoder, index, retriever.

`build_index` turns a folder of documents into an index version, `open_retriever`
searches the version that serves and follows new ones. Values are in `documents`,
errors in `errors`. Nothing heavy is imported until it is used.
"""

from frontdesk.knowledge.documents import Document, Filters, Hit, Passage
from frontdesk.knowledge.encoder import Encoder, load_encoder
from frontdesk.knowledge.errors import (
    EmptyKnowledgeError,
    EncoderLoadError,
    EncoderMismatchError,
    IndexBusyError,
    IndexCorruptError,
    IndexMissingError,
    KnowledgeError,
)
from frontdesk.knowledge.index import IndexReport, build_index
from frontdesk.knowledge.retriever import Retriever, open_retriever
from frontdesk.knowledge.versions import rollback

__all__ = [
    "Document",
    "EmptyKnowledgeError",
    "Encoder",
    "EncoderLoadError",
    "EncoderMismatchError",
    "Filters",
    "Hit",
    "IndexBusyError",
    "IndexCorruptError",
    "IndexMissingError",
    "IndexReport",
    "KnowledgeError",
    "Passage",
    "Retriever",
    "build_index",
    "load_encoder",
    "open_retriever",
    "rollback",
]
