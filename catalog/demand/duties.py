"""What each department says that it is there for; wishes are matched with it."""

from __future__ import annotations

from typing import Final

from catalog.audience import may_approve_for, may_publish_for
from catalog.demand import store
from catalog.demand.data_request import plain
from catalog.demand.errors import AnswererNeeded, TooManyDuties
from policies.database import Tx
from policies.party import Actor
from policies.terms import OrganizationId

DUTIES_MAX: Final = 200
DUTY_LENGTH_CHARACTERS: Final = 300


def duties_of(tx: Tx, organization_id: OrganizationId) -> list[str]:
    """A department's duties, in their order; everybody may read them."""
    return store.duties_of(tx, organization_id)


def state_duties(tx: Tx, organization_id: OrganizationId, text: str, *, by: Actor) -> list[str]:
    """Replace a department's duties by the lines of a text.

    Raises: AnswererNeeded, TooManyDuties, WishUnclear.
    """
    if not (may_publish_for(by, organization_id) or may_approve_for(by, organization_id)):
        raise AnswererNeeded
    length_max = DUTIES_MAX * (DUTY_LENGTH_CHARACTERS + 1)
    whole = plain("duties", text, length_max, is_needed=False)
    lines = list(dict.fromkeys(filter(None, map(str.strip, whole.split("\n")))))
    if len(lines) > DUTIES_MAX or any(len(line) > DUTY_LENGTH_CHARACTERS for line in lines):
        raise TooManyDuties(DUTIES_MAX, DUTY_LENGTH_CHARACTERS)
    store.set_duties(tx, organization_id, lines)
    return lines
