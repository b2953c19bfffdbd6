"""What pages say of sources and runs: words, numbers, and what may be done next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from catalog.audience import may_approve_for, may_publish_for
from catalog.harvest.changes import Act, Kind, Note, NoteKind, Suspicion
from catalog.harvest.follow import refusal_of
from catalog.harvest.remote_record import FindingKind
from catalog.harvest.run import Failure, HarvestRun, LogKind, LogLine, Outcome, RunItem, RunState
from catalog.harvest.source import HarvestSource, Matching, Schedule, SourceKind
from policies.errors import N_
from policies.party import Actor
from portal.languages import CITY_ZONE
from portal.pages.speech import Speech

KINDS: Final[Mapping[SourceKind, str]] = {
    SourceKind.CKAN: N_("A CKAN, by its address"),
    SourceKind.DCAT: N_("DCAT in RDF: Turtle, RDF/XML, JSON-LD"),
    SourceKind.DATA_JSON: N_("data.json (DCAT-US)"),
    SourceKind.OAI_PMH: N_("OAI-PMH archive"),
    SourceKind.CSV_MANIFEST: N_("A list as CSV"),
}
SCHEDULES: Final[Mapping[Schedule, str]] = {
    Schedule.BY_HAND: N_("Only when asked"),
    Schedule.HOURLY: N_("Every hour"),
    Schedule.DAILY: N_("Every day"),
    Schedule.WEEKLY: N_("Every week"),
    Schedule.MONTHLY: N_("Every 30 days"),
}
MATCHINGS: Final[Mapping[Matching, tuple[str, str]]] = {
    Matching.SEVERAL_KEYS: (
        N_("By several keys"),
        N_("Identifier, item name, page and addresses: survives a change of address."),
    ),
    Matching.STRICT: (
        N_("Strictly by identifier"),
        N_("A record whose identifier changed counts as gone."),
    ),
}
STATES: Final[Mapping[RunState, tuple[str, str, str]]] = {
    RunState.QUEUED: (N_("Queued"), "clock", ""),
    RunState.READING: (N_("Reading"), "clock", "info"),
    RunState.PLANNED: (N_("Dry run ready"), "eye", "wait"),
    RunState.UNCHANGED: (N_("Nothing new at the source"), "check", "good"),
    RunState.APPLYING: (N_("Being applied"), "clock", "info"),
    RunState.APPLIED: (N_("Applied"), "check", "good"),
    RunState.UNDOING: (N_("Being undone"), "clock", "info"),
    RunState.UNDONE: (N_("Undone"), "back", ""),
    RunState.FAILED: (N_("Failed"), "cross", "bad"),
}
ACTS: Final[Mapping[Act, str]] = {
    Act.ADD: N_("New"),
    Act.CHANGE: N_("Changed"),
    Act.REMOVE: N_("Gone"),
    Act.RETURN: N_("Back again"),
    Act.SUSPECT: N_("To be looked at"),
    Act.REFUSE: N_("Unreadable"),
}
DIFFERENCES: Final[Mapping[Kind, str]] = {
    Kind.RETITLED: N_("Retitled"),
    Kind.REDATED: N_("Re-dated"),
    Kind.REDESCRIBED: N_("Description changed"),
    Kind.REKEYED: N_("Keywords or topics changed"),
    Kind.LICENCE: N_("Licence or access changed"),
    Kind.CONTACT: N_("Contact changed"),
    Kind.PUBLISHER: N_("Publisher renamed"),
    Kind.COVERAGE: N_("Area or time covered changed"),
    Kind.DISTRIBUTIONS: N_("Distributions changed"),
    Kind.MOVED: N_("Address moved"),
    Kind.OTHER: N_("Something else changed"),
}
SUSPICIONS: Final[Mapping[Suspicion, str]] = {
    Suspicion.TWIN: N_("One with the same title goes: {other}"),
    Suspicion.WENT_BACK: N_("Its date is earlier than before."),
    Suspicion.EMPTIED: N_("It has lost its description or all its distributions."),
    Suspicion.WEAK_MATCH: N_("Known again by its title alone."),
    Suspicion.ELSEWHERE: N_("Another source brought it already: {other}"),
}
FINDINGS: Final[Mapping[FindingKind, str]] = {
    FindingKind.TITLE_MISSING: N_("{field} is missing, so it cannot be taken in"),
    FindingKind.IDENTIFIER_MISSING: N_("{field} is missing"),
    FindingKind.IDENTIFIER_TWICE: N_("the same identifier again: only the first is taken"),
    FindingKind.NOT_A_RECORD: N_("this is no record"),
    FindingKind.WRONG_TYPE: N_("{field} has the wrong type"),
    FindingKind.NOT_AN_ADDRESS: N_("{field} is no address"),
    FindingKind.NOT_A_DATE: N_("{field} is no date"),
    FindingKind.VALUE_MISSING: N_("{field} is empty"),
    FindingKind.SHORTENED: N_("{field} is too long and was shortened"),
    FindingKind.UNWRITABLE: N_("{field} holds what cannot be stored"),
    FindingKind.TOO_MANY: N_("{field} has too many entries"),
}
OUTCOMES: Final[Mapping[Outcome, str]] = {
    Outcome.CHANGED_HERE: N_("left alone, since people here changed or withdrew it"),
    Outcome.IN_USE: N_("kept or withdrawn, since something here is built on it"),
    Outcome.INVALID: N_("left alone, since our rules refuse it"),
    Outcome.GONE: N_("no longer here"),
}
NOTES: Final[Mapping[NoteKind, tuple[str, str]]] = {
    NoteKind.MOVED_TO_HTTPS: ("info", N_("Addresses moved to https in {count} records.")),
    NoteKind.MOVED_HOST: (
        "info", N_("Addresses moved from {before} to {after} in {count} records.")
    ),
    NoteKind.RENUMBERED: (
        "wait",
        N_(
            "The identifiers changed altogether; {count} records were known again by title and "
            "publisher. Look at some before you apply."
        ),
    ),
    NoteKind.ROUND_NUMBER: (
        "wait",
        N_("Exactly {count} records came: this looks like the bound of a page. Is this all?"),
    ),
    NoteKind.REFUSED: ("wait", N_("{count} records could not be read.")),
    NoteKind.FINDINGS: (
        "info", N_("{count} records are not as their standard wants them; they are taken in.")
    ),
}  # fmt: skip
LOG: Final[Mapping[LogKind, str]] = {
    LogKind.CREATED: N_("Set up"),
    LogKind.CHANGED: N_("Changed"),
    LogKind.FILE_SENT: N_("A file was sent"),
    LogKind.APPROVED: N_("Approved"),
    LogKind.APPROVAL_LAPSED: N_("The approval lapsed: the records come from somebody else now"),
    LogKind.PAUSED: N_("Paused"),
    LogKind.RESUMED: N_("Taken up again"),
    LogKind.LOOKED: N_("Dry run: {add} new, {change} changed, {remove} gone"),
    LogKind.UNCHANGED: N_("Nothing new at the source"),
    LogKind.GUARD_STOOD: N_("The guard stood: {gone} of {known} records would vanish"),
    LogKind.GUARD_OVERRULED: N_("The guard was overruled: {gone} records may go"),
    LogKind.APPLIED: N_("Applied: {add} new, {change} changed, {remove} gone"),
    LogKind.UNDONE: N_("Undone: {records} records as before"),
    LogKind.FAILED: N_("Failed: {why}"),
}


@dataclass(frozen=True, slots=True)
class Rights:
    """What the reader may do with a source."""

    may_work: bool
    """Change it, look and apply."""
    may_approve: bool
    """Decide for its organisation: lets the guard through."""
    may_approve_this: bool
    """Make the standing decision now."""


def rights_of(actor: Actor, source: HarvestSource) -> Rights:
    """What `actor` may do with a source."""
    decides = may_approve_for(actor, source.publisher_id)
    return Rights(
        may_work=may_publish_for(actor, source.publisher_id),
        may_approve=decides,
        may_approve_this=decides
        and not source.is_approved
        and source.is_ready
        and actor.user_id not in (source.created_by, source.changed_by),
    )


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a list of records."""

    title: str
    identifier: str
    href: str | None
    notes: list[str]
    """What differs, is odd, or was not done."""
    pairs: list[tuple[str, str, str]]
    """Field, before and after."""


def state_words(state: RunState, say: Speech) -> tuple[str, str, str]:
    """Word, sign and tone."""
    word, sign, tone = STATES[state]
    return say.gettext(word), sign, tone


def numbers_of(run: HarvestRun, say: Speech) -> list[tuple[str, str]]:
    """The counts of a plan, those that are nought too where they matter."""
    always = (Act.ADD, Act.CHANGE, Act.REMOVE)
    shown = [
        (say.gettext(ACTS[act]), say.number(run.counts.get(act, 0)))
        for act in Act
        if act in always or run.counts.get(act)
    ]
    return [*shown, (say.gettext("As before"), say.number(run.counts.get("same", 0)))]


def kinds_of(run: HarvestRun, base: str, say: Speech) -> list[tuple[str, str, str]]:
    """How many records changed in which way: word, number, and where to see them."""
    return [
        (
            say.gettext(DIFFERENCES[kind]),
            say.number(run.counts[kind]),
            f"{base}?show=change&kind={kind.value}#records",
        )
        for kind in Kind
        if run.counts.get(kind)
    ]


def note_lines(run: HarvestRun, say: Speech) -> list[tuple[str, str]]:
    """Tone and sentence of each note."""
    return [(NOTES[note.kind][0], _note(note, say)) for note in run.notes]


def _note(note: Note, say: Speech) -> str:
    return say.gettext(
        NOTES[note.kind][1],
        count=say.number(note.count),
        before=note.before,
        after=note.after,
    )


def guard_words(run: HarvestRun, say: Speech) -> str | None:
    """The warning of the guard; None where it has none."""
    if run.guard is None or not run.guard.stands:
        return None
    return say.gettext(
        "{share} % of records would vanish: {gone} of {known}. Stopped by the guard, whose bound "
        "is {bound} %.",
        share=say.number(run.guard.gone_permille // 10),
        gone=say.number(run.guard.gone),
        known=say.number(run.guard.known),
        bound=say.number(run.guard.bound_permille // 10),
    )


def item_line(item: RunItem, say: Speech) -> Line:
    """A record of a run, in words."""
    notes = [
        say.gettext(DIFFERENCES[kind])
        for kind in dict.fromkeys(one.kind for one in item.differences)
    ]
    if item.suspicion is not None:
        notes.append(say.gettext(SUSPICIONS[item.suspicion], other=item.other_title))
    for finding in item.findings:
        words = say.gettext(FINDINGS[finding.kind], field=finding.field)
        notes.append(f"{words}: {finding.value}" if finding.value else words)
    if item.outcome is not None:
        notes.append(say.gettext(OUTCOMES[item.outcome]))
    return Line(
        title=item.title or item.identifier,
        identifier=item.identifier,
        href=f"/dataset/{item.slug}" if item.slug else None,
        notes=notes,
        pairs=[(one.field, one.before, one.after) for one in item.differences],
    )


def failure_sentence(failure: Failure, say: Speech) -> str:
    """Why a run failed."""
    return say.refusal(refusal_of(failure))


@dataclass(frozen=True, slots=True)
class LogWords:
    """A line of the log as a reader sees it."""

    at: datetime
    words: str
    by: str
    run: str
    href: str | None


def log_words(line: LogLine, names: Mapping[object, str], base: str, say: Speech) -> LogWords:
    """A line of the log in words."""
    counts = {"add": 0, "change": 0, "remove": 0, "gone": 0, "known": 0, "records": 0}
    facts = {
        name: say.number(value)
        for name, value in {**counts, **line.facts}.items()
        if isinstance(value, int)
    }
    if line.kind is LogKind.FAILED:
        held = line.facts.get("facts")
        failure = Failure(
            str(line.facts.get("code", "")), held if isinstance(held, Mapping) else {}
        )
        facts["why"] = failure_sentence(failure, say)
    return LogWords(
        at=line.at.astimezone(CITY_ZONE),
        words=say.gettext(LOG[line.kind], **facts),
        by=names.get(line.by_user, "") if line.by_user else say.gettext("the schedule"),
        run=say.gettext("Run {number}", number=str(line.run_number)) if line.run_number else "",
        href=f"{base}/runs/{line.run_id}" if line.run_id else None,
    )
