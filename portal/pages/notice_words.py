"""What notices say, in both languages: one sentence for each kind of event and turn of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from exchange.notices.notice import Notice, Topic
from policies.database import Tx
from policies.errors import N_
from policies.events import EventKind
from policies.party import Actor
from portal.pages.dataset_names import name_of_dataset
from portal.pages.speech import Speech
from portal.pages.typed import day_of
from portal.pages.words import number_of

TOPIC_WORDS: Final = {
    Topic.WORK: N_("What waits for my decision"),
    Topic.ANSWER: N_("What became of what I asked for"),
    Topic.CLOCK: N_("Reminders, and time that is up"),
    Topic.DATA: N_("What happens to data that I publish or use"),
    Topic.MONEY: N_("Money"),
}
_SENTENCES: Final[Mapping[str, str]] = {
    EventKind.APPLICATION_SUBMITTED: N_(
        "“{title}” is asked for. Answer by {day} (request {number})."
    ),
    EventKind.APPLICATION_HANDED: N_("A colleague handed you a request for “{title}” ({number})."),
    f"{EventKind.APPLICATION_DECIDED} granted": N_(
        "Your request for “{title}” is granted ({number})."
    ),
    f"{EventKind.APPLICATION_DECIDED} part": N_(
        "Your request for “{title}” is granted in part ({number})."
    ),
    f"{EventKind.APPLICATION_DECIDED} refused": N_(
        "Your request for “{title}” is refused. Its page has the reason and the legal "
        "basis ({number})."
    ),
    f"{EventKind.APPLICATION_DECIDED} returned": N_(
        "Your request for “{title}” came back with a question. Fill the gaps and send it "
        "again ({number})."
    ),
    EventKind.APPLICATION_DECIDED: N_("Your request for “{title}” changed ({number})."),
    EventKind.APPLICATION_UNDONE: N_(
        "The answer to your request for “{title}” was undone; it waits again ({number})."
    ),
    f"{EventKind.APPLICATION_EXTENDED} asked": N_(
        "More days are asked for to answer a request for “{title}”. Consent or not ({number})."
    ),
    f"{EventKind.APPLICATION_EXTENDED} consented": N_(
        "The request for “{title}” is answered by {day} at the latest, by consent of the "
        "share authority ({number})."
    ),
    EventKind.APPLICATION_EXTENDED: N_(
        "No more days for the request for “{title}”: answer by {day} ({number})."
    ),
    f"{EventKind.APPLICATION_REMINDED} delivery": N_(
        "What was granted of “{title}” is to be delivered by {day} ({number})."
    ),
    EventKind.APPLICATION_REMINDED: N_(
        "A request for “{title}” waits for your answer until {day} ({number})."
    ),
    f"{EventKind.APPLICATION_ESCALATED} delivery": N_(
        "What was granted of “{title}” was not delivered by {day}; the bureau is told ({number})."
    ),
    EventKind.APPLICATION_ESCALATED: N_(
        "A request for “{title}” was not answered by {day}; the bureau is told ({number})."
    ),
    f"{EventKind.DISPUTE_MOVED} agreed": N_(
        "The request for “{title}” is open again after a dispute ({number})."
    ),
    f"{EventKind.DISPUTE_MOVED} kept": N_(
        "The refusal of “{title}” stands after a step of the dispute ({number})."
    ),
    EventKind.DISPUTE_MOVED: N_("A refusal of “{title}” is disputed before you ({number})."),
    f"{EventKind.CORRECTION_MOVED} asked": N_(
        "“{title}” is to be checked: a user found a fault. Report back by {day}."
    ),
    f"{EventKind.CORRECTION_MOVED} reminded": N_(
        "The check of “{title}” waits for your report until {day}."
    ),
    f"{EventKind.CORRECTION_MOVED} escalated": N_(
        "The check of “{title}” was not reported by {day}; the bureau is told."
    ),
    f"{EventKind.CORRECTION_MOVED} corrected": N_(
        "The fault that you reported in “{title}” is corrected in a newer version."
    ),
    EventKind.CORRECTION_MOVED: N_(
        "The provider checked the fault that you reported in “{title}” and reports back."
    ),
    EventKind.AGREEMENT_SUSPENDED: N_(
        "The agreement on “{title}” is suspended; nothing is read under it for now."
    ),
    EventKind.AGREEMENT_RESUMED: N_("The agreement on “{title}” holds again."),
    EventKind.AGREEMENT_ENDED: N_("The agreement on “{title}” was ended."),
    EventKind.DATASET_RETURNED: N_("“{title}” came back from the approver with a reason."),
    EventKind.DATASET_PUBLISHED: N_("A new version of “{title}” is published."),
    EventKind.DATASET_WITHDRAWN: N_("“{title}” was withdrawn. Do not use it any more."),
    EventKind.HARVEST_APPLIED: N_("Records of another catalogue were taken in."),
    EventKind.HARVEST_UNDONE: N_("A harvest was undone; its records are as before."),
    EventKind.LISTING_OPENED: N_("“{title}” is offered now."),
    EventKind.LISTING_WITHDRAWN: N_("“{title}” is not offered any more."),
    EventKind.FREEZE_PLACED: N_(
        "A supervisor froze “{title}”; nothing is read until it is lifted."
    ),
    EventKind.FREEZE_LIFTED: N_("The freeze of “{title}” is lifted."),
    EventKind.PAYMENT_RECORDED: N_("A payment is recorded and waits for a second person."),
    EventKind.CREDIT_TOPPED_UP: N_("Credits were paid in for your organisation."),
    EventKind.PAYOUT_ASKED: N_("A provider asks for a payout."),
    EventKind.REFUND_PROPOSED: N_("A refund is proposed and waits for a second person."),
    EventKind.REFUND_GIVEN: N_("Credits were given back for a delivery."),
    EventKind.INVOICE_ISSUED: N_("The invoice of a month is issued to your organisation."),
    EventKind.CREDIT_NOTE_ISSUED: N_("A credit note corrects an invoice of your organisation."),
    EventKind.PAYOUT_SENT: N_("What your organisation earned was sent."),
    EventKind.PAYOUT_REFUSED: N_(
        "A payout was not sent; the amount is back among the earnings, with the reason."
    ),
}
_TURNS: Final = ("step", "clock", "outcome", "state")


@dataclass(frozen=True, slots=True)
class NoticeWords:
    """One notice as its reader sees it."""

    id: str
    sentence: str
    href: str
    topic: str
    notice: Notice


def words_of_notice(tx: Tx, notice: Notice, *, by: Actor, say: Speech) -> NoticeWords:
    """The notice for `by`, who is its reader; data that they may not see has no name."""
    name = name_of_dataset(tx, notice.dataset_id, by=by) if notice.dataset_id else None
    day = day_of(str(notice.facts.get("due_on", "")))
    number = number_of("R", notice.subject_id) if notice.subject_id else ""
    sentence = say.gettext(
        _SENTENCES[_key(notice)],
        title=say.text(name.title) if name else "—",
        day=say.day(day) if day else "—",
        number=number,
    )
    place = _place(notice) or (name.href if name and name.href else "/notices")
    return NoticeWords(
        id=str(notice.id),
        sentence=sentence,
        href=place,
        topic=say.gettext(TOPIC_WORDS[notice.topic]),
        notice=notice,
    )


def _key(notice: Notice) -> str:
    if notice.facts.get("is_part_granted"):
        return f"{notice.kind} part"
    for name in _TURNS:
        key = f"{notice.kind} {notice.facts.get(name)}"
        if key in _SENTENCES:
            return key
    return notice.kind


def _place(notice: Notice) -> str:
    if notice.subject_id is None:
        return ""
    match notice.kind:
        case EventKind.APPLICATION_DECIDED | EventKind.APPLICATION_UNDONE:
            return f"/my/requests/{notice.subject_id}"
        case EventKind.CORRECTION_MOVED:
            return f"/inbox/correction/{notice.subject_id}"
        case (
            EventKind.AGREEMENT_SUSPENDED | EventKind.AGREEMENT_RESUMED | EventKind.AGREEMENT_ENDED
        ):
            return f"/my/agreements/{notice.subject_id}"
        case EventKind.PAYMENT_RECORDED | EventKind.PAYOUT_ASKED | EventKind.REFUND_PROPOSED:
            return "/finance"
        case EventKind.HARVEST_APPLIED | EventKind.HARVEST_UNDONE:
            return f"/publish/harvest/{notice.facts['source_id']}/runs/{notice.subject_id}"
        case EventKind.CREDIT_TOPPED_UP | EventKind.REFUND_GIVEN:
            return "/my/usage"
        case EventKind.INVOICE_ISSUED | EventKind.CREDIT_NOTE_ISSUED:
            return "/my/usage#invoices"
        case EventKind.PAYOUT_SENT | EventKind.PAYOUT_REFUSED:
            return "/my/usage#payouts"
        case kind if kind.startswith(("application.", "dispute.")):
            return f"/inbox/request/{notice.subject_id}"
    return ""
