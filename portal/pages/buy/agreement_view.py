"""An agreement as its two sides read it: who, what, until when, and the words that were hashed."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from policies.agreement import Agreement, AgreementState
from policies.database import Tx
from policies.identity.people import organization_with_id
from portal.pages.offer import regime_words
from portal.pages.speech import Speech
from portal.pages.words import ACTIONS, PURPOSES


def agreement_state(agreement: Agreement, at: datetime, *, is_frozen: bool) -> str:
    """How it stands now, in the words of `state_tag`."""
    if agreement.state is AgreementState.ENDED or agreement.ends_at <= at:
        return "ended"
    if is_frozen:
        return "frozen"
    if agreement.state is AgreementState.SUSPENDED:
        return "suspended"
    return "upcoming" if at < agreement.starts_at else "active"


def agreement_facts(tx: Tx, agreement: Agreement, say: Speech) -> list[tuple[str, str]]:
    """The agreement as pairs of name and value."""
    actions = [say.gettext(ACTIONS[action]) for action in ACTIONS if action in agreement.actions]
    facts = [
        (say.gettext("Provider"), say.text(organization_with_id(tx, agreement.provider_id).title)),
        (say.gettext("Consumer"), say.text(organization_with_id(tx, agreement.consumer_id).title)),
        (say.gettext("Way"), regime_words(agreement.regime, say)),
        (say.gettext("Purpose"), say.gettext(PURPOSES[agreement.purpose])),
        (say.gettext("What may be done"), say.gettext(", ").join(actions)),
        (say.gettext("Holds from"), say.moment(agreement.starts_at)),
        (say.gettext("Last day"), say.day(agreement.ends_at - timedelta(seconds=1))),
        (say.gettext("Standards"), agreement.profile_id),
    ]
    if agreement.suspension is not None:
        facts.append((say.gettext("Suspended at"), say.moment(agreement.suspension.at)))
        facts.append((say.gettext("Why suspended"), agreement.suspension.reason))
    if agreement.ended_at is not None:
        facts.append((say.gettext("Ended"), say.moment(agreement.ended_at)))
        facts.append((say.gettext("Reason"), agreement.end_reason))
    return facts


def terms_lines(agreement: Agreement) -> str:
    """The words that were hashed, set in lines so that they can be read; nothing else changes."""
    return json.dumps(json.loads(agreement.terms), ensure_ascii=False, indent=2)
