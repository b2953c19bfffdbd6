"""What a record said when: every change of it, field by field, readable."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from catalog.history import FieldChange, RecordChange, actors_of, history_of
from policies.database import Tx
from policies.errors import UserNotFound
from policies.identity.people import user_with_id
from policies.terms import UserId
from portal.pages.dataset.look import look_of
from portal.pages.record_words import labels_of, value_words
from portal.pages.rendering import render
from portal.pages.speech import Speech
from portal.pages.words import EVENTS
from portal.sign_in import actor_of
from portal.wiring import wiring_of

router = APIRouter()

PAGE: Final = 50
COMPARED_CHARACTERS: Final = 4_000
"""Longer texts are shown whole, before and after."""
_TOKENS: Final = re.compile(
    r"[\u3400-\u4dbf\u4e00-\u9fff]|[^\W\u3400-\u4dbf\u4e00-\u9fff]+|\s+|.", re.DOTALL
)
_LABELS: Final = {
    "title.zh": "title_zh",
    "title.en": "title_en",
    "summary.zh": "summary_zh",
    "summary.en": "summary_en",
    "directory.in_series": "series",
}

_PROSE: Final = (
    *("title.", "summary.", "share_basis", "open_basis", "directory.share_condition"),
    *("directory.open_condition", "directory.provenance", "directory.scenario"),
)
"""Fields that hold sentences; two codes side by side are read more easily than mixed."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a text: kept, taken out or put in."""

    kind: str
    """`same`, `gone` or `new`."""
    text: str


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One field that changed."""

    label: str
    before: str
    """Empty: nothing was given."""
    after: str
    pieces: list[Piece]
    """Before and after as one text; empty where the two are better shown apart."""


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One thing that was done to the record."""

    sentence: str
    at: datetime
    by: str
    reason: str
    lines: list[ChangeLine]


@router.get("/dataset/{slug}/history")
def show_history(
    request: Request, slug: str, first: Annotated[int, Query(ge=1, le=1_000)] = 1
) -> Response:
    """The history of a record, as far as the reader may know it."""
    look, frame, say = look_of(request, slug)
    actor = actor_of(request)
    with wiring_of(request).pool.connection() as tx:
        changes = history_of(tx, look.overview.dataset, by=actor)
        shown = changes[first - 1 : first - 1 + PAGE]
        names = _names(tx, shown)
    publisher = say.text(look.overview.publisher.title)
    last = first - 1 + len(shown)
    here = f"{frame.href}/history"
    return render(
        request,
        "dataset/history.html",
        dataset=frame,
        entries=[_entry(one, names, publisher, say) for one in shown],
        is_own=look.overview.is_own,
        total=len(changes),
        first=first if shown else 0,
        last=last,
        previous_href=f"{here}?first={max(1, first - PAGE)}" if first > 1 else None,
        next_href=f"{here}?first={last + 1}" if last < len(changes) else None,
    )


def _names(tx: Tx, changes: Sequence[RecordChange]) -> dict[UserId, str]:
    names = {}
    for user_id in map(UserId, actors_of(changes)):
        try:
            names[user_id] = user_with_id(tx, user_id).name
        except UserNotFound:
            continue
    return names


def _entry(
    change: RecordChange, names: Mapping[UserId, str], publisher: str, say: Speech
) -> HistoryEntry:
    return HistoryEntry(
        sentence=say.gettext(EVENTS[change.kind]) if change.kind in EVENTS else change.kind,
        at=change.at,
        by=names.get(change.by, publisher) if change.by is not None else publisher,
        reason=change.reason,
        lines=[line_of(one, say) for one in change.changes],
    )


def line_of(change: FieldChange, say: Speech) -> ChangeLine:
    """One changed field in the reader's words."""
    name = _LABELS.get(change.field, change.field.removeprefix("directory."))
    label = {
        **labels_of(say),
        "inputs": say.gettext("Datasets it was made from"),
        "distribution": say.gettext("Form of the data"),
        "dictionary": say.gettext("Meaning of columns"),
        "share_basis": say.gettext("Legal basis for not sharing"),
        "open_basis": say.gettext("Legal basis for not opening"),
        "extras": say.gettext("Fields of other catalogues"),
    }.get(name, name)
    before, after = (
        value_words(change.field, change.before, say),
        value_words(change.field, change.after, say),
    )
    is_compared = change.field.startswith(_PROSE) and bool(before) and bool(after)
    return ChangeLine(label, before, after, pieces(before, after) if is_compared else [])


def pieces(before: str, after: str) -> list[Piece]:
    """Both texts as one, with what went and what came; empty where too much is different."""
    if len(before) + len(after) > COMPARED_CHARACTERS:
        return []
    then, now = _tokens(before), _tokens(after)
    matcher = SequenceMatcher(None, then, now, autojunk=False)
    if matcher.ratio() < 0.3:
        return []
    found: list[Piece] = []
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        if kind == "equal":
            found.append(Piece("same", "".join(then[i1:i2])))
            continue
        if i2 > i1:
            found.append(Piece("gone", "".join(then[i1:i2])))
        if j2 > j1:
            found.append(Piece("new", "".join(now[j1:j2])))
    return found


def _tokens(text: str) -> list[str]:
    """Words, blanks and marks; each Chinese character for itself."""
    return _TOKENS.findall(text)
