"""The points of a record's description beside its form, and what would add more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from catalog.dataset import Dataset, DatasetState, Entry
from catalog.formats.metadata_score import Dimension, Rating
from catalog.formats.shape_finding import Severity
from catalog.links.read import link_checks_of
from catalog.metadata_tasks import findings_of, place_of, score_of
from catalog.record import Record
from catalog.records import records_of
from catalog.theme import Theme
from policies.database import Tx
from policies.party import Actor, Organization
from policies.terms import DatasetId, Grade, Language, OpenType, ShareType, Text, UpdateCycle
from portal.pages.publish.entry_form import EntryFields, EntryForm, keywords_in
from portal.pages.speech import Speech

MISSING_SHOWN: Final = 8


@dataclass(frozen=True, slots=True)
class ScoreView:
    """The points, as the form shows them."""

    points: int
    total: int
    rating: str
    """Words."""
    state: str
    """`passed`, `warned` or `failed`, for the sign."""
    dimensions: list[tuple[str, int, int]]
    """Name, points had, points there are."""
    missing: list[tuple[str, str, int]]
    """What to do, where, and the points for it; the largest first."""
    more: int
    """How many further things would add points."""
    wrong: list[tuple[str, str]]
    """What the shapes of DCAT-AP find wrong: words, where to mend it."""


def would_be(
    tx: Tx,
    form: EntryForm,
    dataset: Dataset | None,
    *,
    publisher: Organization,
    themes: Sequence[Theme],
    by: Actor,
    at: datetime,
) -> Record:
    """The record as it would be if what is typed were saved, however unfinished it is."""
    chosen = tuple(theme for theme in themes if theme.slug in form.themes)
    if dataset is None:
        slug = form.values["slug"] or "new"
        made = Dataset(
            id=DatasetId(UUID(int=0)),
            slug=slug,
            publisher_id=publisher.id,
            entry=_entry(form),
            state=DatasetState.DRAFT,
            created_by=by.user_id,
            created_at=at,
            modified_at=at,
        )
        return Record(made, publisher, chosen, (), (), ())
    (record,) = records_of(tx, [dataset.id], by=by)
    return replace(record, dataset=replace(record.dataset, entry=_entry(form)), themes=chosen)


def reached_of(tx: Tx, dataset: Dataset | None) -> dict[str, bool]:
    """Which addresses of a dataset answered when somebody looked."""
    checks = [] if dataset is None else link_checks_of(tx, dataset.id)
    return {one.address: one.answers for one in checks}


def score_view(
    record: Record, say: Speech, *, is_new: bool, reached: Mapping[str, bool]
) -> ScoreView:
    """The points of a record and what would add more; `reached` says which addresses answer."""
    found = score_of(record, reached)
    wrong = [one for one in findings_of(record) if one.severity is Severity.VIOLATION]
    # On the form itself a link leads to its own fields.
    desk = f"/publish/{record.dataset.slug}/describe"

    def place(href: str, field: str) -> str:
        if field in EntryFields.model_fields:
            return f"#field-{field}"
        return "" if is_new else href.removeprefix(desk)

    missing = [
        (say.text(one.words), place(place_of(record, one.field), one.field), one.points)
        for one in found.missing
    ]
    return ScoreView(
        points=found.points,
        total=found.total,
        rating=_ratings(say)[found.rating],
        state=_STATES[found.rating],
        dimensions=[
            (_dimensions(say)[dimension], had, there)
            for dimension, (had, there) in found.per_dimension.items()
        ],
        missing=missing[:MISSING_SHOWN],
        more=max(0, len(missing) - MISSING_SHOWN),
        wrong=[(say.text(one.words), place(one.href, one.field)) for one in wrong],
    )


_STATES: Final = {
    Rating.EXCELLENT: "passed",
    Rating.GOOD: "passed",
    Rating.SUFFICIENT: "warned",
    Rating.BAD: "failed",
}


def _ratings(say: Speech) -> dict[Rating, str]:
    return {
        Rating.EXCELLENT: say.gettext("Excellent"),
        Rating.GOOD: say.gettext("Good"),
        Rating.SUFFICIENT: say.gettext("Sufficient"),
        Rating.BAD: say.gettext("Poor"),
    }


def _dimensions(say: Speech) -> dict[Dimension, str]:
    return {
        Dimension.FINDABILITY: say.gettext("Findable"),
        Dimension.ACCESSIBILITY: say.gettext("Accessible"),
        Dimension.INTEROPERABILITY: say.gettext("Interoperable"),
        Dimension.REUSABILITY: say.gettext("Reusable"),
        Dimension.CONTEXTUALITY: say.gettext("In context"),
    }


def _entry(form: EntryForm) -> Entry:
    """The entry as far as it can be read; points are only shown, so the rest is left out."""
    values = form.values
    try:
        opened = OpenType(values["open_type"])
    except ValueError:
        opened = OpenType.CONDITIONAL
    whole = EntryForm(dict(values), list(form.themes)).entry(Speech(Language.EN))
    if whole is not None:
        return whole
    return Entry(
        title=Text(values["title_zh"][:300] or "—", values["title_en"][:300]),
        summary=Text(values["summary_zh"][:2000], values["summary_en"][:2000]),
        grade=Grade.GENERAL,
        share_type=ShareType.CONDITIONAL,
        open_type=opened if opened is not OpenType.NOT_OPEN else OpenType.CONDITIONAL,
        update_cycle=UpdateCycle.IRREGULAR,
        licence=values["licence"][:300],
        keywords=tuple(word[:60] for word in keywords_in(values["keywords"])[:50]),
    )
