"""A reason in words, for acts that others have to live with."""

from __future__ import annotations

from policies.errors import ReasonMissing

REASON_LENGTH_CHARACTERS = 2000


def check_reason(reason: str) -> str:
    """The reason without blanks around it.

    Raises: ReasonMissing where nothing is left, or too much.
    """
    reason = reason.strip()
    if not 0 < len(reason) <= REASON_LENGTH_CHARACTERS:
        raise ReasonMissing(REASON_LENGTH_CHARACTERS)
    return reason
