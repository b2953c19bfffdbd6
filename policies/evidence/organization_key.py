"""The key that signs agreements in the name of one organisation, as everybody may see it.

The exchange keeps its private half sealed, as its own; a person of the organisation decides that
it signs. The log's key of its day endorses it together with the organisation that it is of.

Source: docs/decisions/0039-both-sides-sign.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from policies.canonical import canonical_text
from policies.events import moment_text
from policies.evidence.signing_key import SIGNS_FOR, kid_of
from policies.terms import OrganizationId

ORGANIZATION_KEY_FORMAT = "weir-organization-key/1"


@dataclass(frozen=True, slots=True)
class OrganizationKey:
    """The public half of an organisation's key, and the endorsement by the log's key of its day."""

    kid: str
    organization_id: OrganizationId
    public_key: bytes
    """32 bytes, Ed25519."""
    created_at: datetime
    retire_at: datetime
    endorsed_by: str
    endorsement: bytes

    def is_due_for_rotation(self, at: datetime) -> bool:
        """Whether the key has signed for long enough."""
        return at >= self.created_at + SIGNS_FOR


def endorsed_organization_body(
    organization_id: str, public_key: bytes, retire_at: datetime
) -> bytes:
    """The bytes that the endorsement of an organisation's key signs."""
    return canonical_text(
        {
            "format": ORGANIZATION_KEY_FORMAT,
            "kid": kid_of(public_key),
            "organization_id": organization_id,
            "public_key": public_key.hex(),
            "retire_at": moment_text(retire_at),
        }
    ).encode()
