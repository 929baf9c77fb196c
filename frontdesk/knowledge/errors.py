"""What can go wrong with the knowledge base and its index.

KnowledgeError
    EmptyKnowledgeError     the folder holds no document that can be read
    IndexMissingError       no index has been built here yet
    IndexCorruptError       files of an index version are missing or damaged
    IndexBusyError          another build holds the lock
    EncoderMismatchError    the index was built by another encoder
    EncoderLoadError        the configured encoder cannot be loaded
    DocumentError           a document cannot be read (reported, not raised further)

Each message is one sentence that names what, which value and what to do.
"""


class KnowledgeError(Exception):
    """Base of everything this room raises on purpose."""


class EmptyKnowledgeError(KnowledgeError):
    pass


class IndexMissingError(KnowledgeError):
    pass


class IndexCorruptError(KnowledgeError):
    pass


class IndexBusyError(KnowledgeError):
    pass


class EncoderMismatchError(KnowledgeError):
    pass


class EncoderLoadError(KnowledgeError):
    pass


class DocumentError(KnowledgeError):
    """A document cannot be read; the message is the reason, without its name."""
