"""A tree head: what the exchange says, and signs, about its whole log at one moment.

The signed bytes are the canonical JSON (RFC 8785) of an object with exactly these members:

    format      "weir-tree-head/1"
    log_id      name (`kid`) of the log's first key; it names the log and never changes
    root_hash   root of the RFC 9162 tree, 64 hexadecimal digits
    timestamp   UTC with microseconds
    tree_size   number of leaves
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from policies.canonical import canonical_text
from policies.events import moment_text

HEAD_FORMAT = "weir-tree-head/1"
_ED25519_NOTE = b"\x01"


@dataclass(frozen=True, slots=True)
class TreeHead:
    """Size and root of the log at one moment."""

    log_id: str
    tree_size: int
    root_hash: bytes
    timestamp: datetime

    def body(self) -> str:
        """The canonical text that is signed."""
        return canonical_text(
            {
                "format": HEAD_FORMAT,
                "log_id": self.log_id,
                "root_hash": self.root_hash.hex(),
                "timestamp": moment_text(self.timestamp),
                "tree_size": self.tree_size,
            }
        )


@dataclass(frozen=True, slots=True)
class SignedTreeHead:
    """A tree head with the signature of the log's key of its day."""

    head: TreeHead
    kid: str
    signature: bytes


def checkpoint_text(head: TreeHead, origin: str) -> str:
    """The head in the words of other transparency logs, to be signed as a note.

    Source: C2SP tlog-checkpoint, "Note text".
    """
    return f"{origin}\n{head.tree_size}\n{b64encode(head.root_hash).decode()}\n"


def signed_note(text: str, origin: str, public_key: bytes, signature: bytes) -> str:
    """A note with one Ed25519 signature line, as witnesses read it.

    Source: C2SP signed-note, "Signatures" (key id: SHA-256 over name, newline, type 1, key).
    """
    key_id = sha256(origin.encode() + b"\n" + _ED25519_NOTE + public_key).digest()[:4]
    return f"{text}\n— {origin} {b64encode(key_id + signature).decode()}\n"
