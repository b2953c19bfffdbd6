"""The form that describes a dataset: what was typed, read into an entry or into complaints."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from pydantic import BaseModel

from catalog.dataset import Dataset, Entry
from policies.errors import Refusal
from policies.party import check_slug
from policies.terms import Grade, OpenType, ShareType, Text, UpdateCycle
from portal.pages.speech import Speech

_KEYWORD_BREAK: Final = re.compile(r"[,，、;；\n]+")
_FIELD_OF: Final = {"title": "title_zh", "summary": "summary_zh"}


class EntryFields(BaseModel):
    """The fields of the form, as text."""

    slug: str = ""
    title_zh: str = ""
    title_en: str = ""
    summary_zh: str = ""
    summary_en: str = ""
    grade: str = str(int(Grade.GENERAL))
    share_type: str = ShareType.CONDITIONAL.value
    share_basis: str = ""
    open_type: str = OpenType.CONDITIONAL.value
    open_basis: str = ""
    update_cycle: str = UpdateCycle.MONTHLY.value
    licence: str = ""
    keywords: str = ""
    organization: str = ""


@dataclass(slots=True)
class EntryForm:
    """What somebody typed; nothing of it is lost when something is wrong."""

    values: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def empty(cls) -> EntryForm:
        """A new dataset, with the commonest classes chosen."""
        return cls(EntryFields().model_dump())

    @classmethod
    def of(cls, dataset: Dataset) -> EntryForm:
        """What is said of a dataset now."""
        entry = dataset.entry
        return cls(
            {
                "slug": dataset.slug,
                "title_zh": entry.title.zh,
                "title_en": entry.title.en,
                "summary_zh": entry.summary.zh,
                "summary_en": entry.summary.en,
                "grade": str(int(entry.grade)),
                "share_type": entry.share_type.value,
                "share_basis": entry.share_basis,
                "open_type": entry.open_type.value,
                "open_basis": entry.open_basis,
                "update_cycle": entry.update_cycle.value,
                "licence": entry.licence,
                "keywords": "、".join(entry.keywords),
                "organization": "",
            }
        )

    def check_slug(self, say: Speech) -> None:
        """Complain about a name that cannot stand in an address."""
        try:
            check_slug(self.values["slug"])
        except Refusal as refusal:
            self.complain(refusal, say, otherwise="slug")

    def entry(self, say: Speech) -> Entry | None:
        """The entry; None where something is wrong, which `errors` then says."""
        values = self.values
        try:
            share, opened = ShareType(values["share_type"]), OpenType(values["open_type"])
            grade, cycle = Grade(int(values["grade"])), UpdateCycle(values["update_cycle"])
        except ValueError:
            self.errors[""] = say.gettext("Choose one of the values that are offered.")
            return None
        basis = say.gettext("Cite the law, regulation or State Council decision.")
        if share is ShareType.NOT_SHARED and not values["share_basis"].strip():
            self.errors["share_basis"] = basis
        if opened is OpenType.NOT_OPEN and not values["open_basis"].strip():
            self.errors["open_basis"] = basis
        if not (values["title_zh"].strip() or values["title_en"].strip()):
            self.errors["title_zh"] = say.gettext("Give a title in Chinese or in English.")
        if self.errors:
            return None
        try:
            return Entry(
                title=Text(values["title_zh"].strip(), values["title_en"].strip()),
                summary=Text(values["summary_zh"].strip(), values["summary_en"].strip()),
                grade=grade,
                share_type=share,
                share_basis=values["share_basis"].strip(),
                open_type=opened,
                open_basis=values["open_basis"].strip(),
                update_cycle=cycle,
                licence=values["licence"].strip(),
                keywords=keywords_in(values["keywords"]),
            )
        except Refusal as refusal:
            self.complain(refusal, say)
            return None

    def complain(self, refusal: Refusal, say: Speech, *, otherwise: str = "") -> None:
        """Put a refusal beside the field that it is about, else beside `otherwise`."""
        told = getattr(refusal, "field", None)
        name = _FIELD_OF.get(str(told), str(told)) if told else otherwise
        self.errors[name if name in EntryFields.model_fields else otherwise] = say.refusal(refusal)


def keywords_in(text: str) -> tuple[str, ...]:
    """Keywords as people part them, with Chinese or Latin marks."""
    return tuple(dict.fromkeys(filter(None, map(str.strip, _KEYWORD_BREAK.split(text)))))
