"""The form that describes a dataset: what was typed, read into an entry or into complaints."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from pydantic import BaseModel

from catalog.dataset import Dataset, Entry
from catalog.directory import Directory, FormatClass, RecordAudience, ShareChannel
from policies.decision.clause import LegalBasis
from policies.errors import Refusal
from policies.party import check_slug
from policies.terms import DatasetId, Grade, OpenType, ShareType, Text, UpdateCycle
from portal.pages.legal_words import cite, cited
from portal.pages.speech import Speech

_KEYWORD_BREAK: Final = re.compile(r"[,，、;；\n]+")
_LINE_BREAK: Final = re.compile(r"[\r\n]+")
_FIELD_OF: Final = {"title": "title_zh", "summary": "summary_zh"}
_PLAIN: Final = (
    *("class_code", "gov_code", "registration_number", "share_condition", "open_condition"),
    *("field_of_use", "scenario", "source_system", "spatial", "landing_page", "version_label"),
    *("author", "author_email", "maintainer", "maintainer_email", "contact_phone"),
    *("conforms_to", "provenance"),
)
"""Fields of the directory that are typed as they are held."""
_LINES: Final = ("legislation", "related_codes", "identifiers")
"""Those that are typed one entry a line."""
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")
_ADDRESS: Final = re.compile(r"https?://[^\s]+")


class EntryFields(BaseModel):
    """The fields of the form, as text."""

    slug: str = ""
    type_name: str = "dataset"
    title_zh: str = ""
    title_en: str = ""
    summary_zh: str = ""
    summary_en: str = ""
    themes: list[str] = []
    keywords: str = ""
    update_cycle: str = UpdateCycle.MONTHLY.value
    audience: str = RecordAudience.PUBLIC.value
    grade: str = str(int(Grade.GENERAL))
    share_type: str = ShareType.CONDITIONAL.value
    share_law: str = ""
    share_basis: str = ""
    share_condition: str = ""
    share_channel: str = ""
    open_type: str = OpenType.CONDITIONAL.value
    open_law: str = ""
    open_basis: str = ""
    open_condition: str = ""
    licence: str = ""
    class_code: str = ""
    gov_code: str = ""
    registration_number: str = ""
    format_class: str = ""
    related_codes: str = ""
    is_classified: str = ""
    field_of_use: str = ""
    scenario: str = ""
    temporal_start: str = ""
    temporal_end: str = ""
    spatial: str = ""
    languages: str = ""
    source_system: str = ""
    provenance: str = ""
    maintainer: str = ""
    maintainer_email: str = ""
    contact_phone: str = ""
    author: str = ""
    author_email: str = ""
    series: str = ""
    landing_page: str = ""
    version_label: str = ""
    conforms_to: str = ""
    legislation: str = ""
    identifiers: str = ""
    organization: str = ""


@dataclass(slots=True)
class EntryForm:
    """What somebody typed; nothing of it is lost when something is wrong."""

    values: dict[str, str]
    themes: list[str] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def empty(cls) -> EntryForm:
        """A new dataset, with the commonest classes chosen."""
        return cls.typed(EntryFields())

    @classmethod
    def typed(cls, given: EntryFields) -> EntryForm:
        """What came with the form."""
        values = given.model_dump(exclude={"themes"})
        return cls({name: str(value) for name, value in values.items()}, list(given.themes))

    @classmethod
    def kept(cls, fields: Mapping[str, str | Sequence[str]]) -> EntryForm:
        """What was typed and kept; fields of other releases are left out."""
        form = cls.empty()
        for name, value in fields.items():
            if name == "themes" and not isinstance(value, str):
                form.themes = [str(slug) for slug in value]
            elif name in form.values and isinstance(value, str):
                form.values[name] = value
        return form

    @classmethod
    def of(
        cls,
        dataset: Dataset,
        themes: Sequence[str] = (),
        series: str = "",
        bases: Sequence[LegalBasis] = (),
    ) -> EntryForm:
        """What is said of a dataset now; `series` is the name of the one that it is in."""
        entry, directory = dataset.entry, dataset.entry.directory
        share_law, share_basis = cited(entry.share_basis, bases)
        open_law, open_basis = cited(entry.open_basis, bases)
        form = cls.empty()
        form.themes = list(themes)
        form.values |= {
            "slug": dataset.slug,
            "type_name": directory.type_name,
            "title_zh": entry.title.zh,
            "title_en": entry.title.en,
            "summary_zh": entry.summary.zh,
            "summary_en": entry.summary.en,
            "audience": entry.audience.value,
            "grade": str(int(entry.grade)),
            "share_type": entry.share_type.value,
            "share_law": share_law,
            "share_basis": share_basis,
            "share_channel": directory.share_channel.value if directory.share_channel else "",
            "open_type": entry.open_type.value,
            "open_law": open_law,
            "open_basis": open_basis,
            "update_cycle": entry.update_cycle.value,
            "licence": entry.licence,
            "keywords": "、".join(entry.keywords),
            "format_class": directory.format_class.value if directory.format_class else "",
            "is_classified": "yes" if directory.is_classified else "",
            "temporal_start": str(directory.temporal_start or ""),
            "temporal_end": str(directory.temporal_end or ""),
            "languages": "、".join(directory.languages),
            "series": series,
            **{name: getattr(directory, name) for name in _PLAIN},
            **{name: "\n".join(getattr(directory, name)) for name in _LINES},
        }
        return form

    @property
    def fields(self) -> dict[str, str | Sequence[str]]:
        """Everything typed, to be kept."""
        return {**self.values, "themes": self.themes}

    def check_slug(self, say: Speech) -> None:
        """Complain about a name that cannot stand in an address."""
        try:
            check_slug(self.values["slug"])
        except Refusal as refusal:
            self.complain(refusal, say, otherwise="slug")

    def entry(
        self,
        say: Speech,
        *,
        bases: Sequence[LegalBasis] = (),
        before: Directory | None = None,
        series_id: DatasetId | None = None,
    ) -> Entry | None:
        """The entry; None where something is wrong, which `errors` then says.

        `before` keeps what no field asks for, such as the fields of foreign catalogues.
        """
        values = self.values
        try:
            share, opened = ShareType(values["share_type"]), OpenType(values["open_type"])
            grade, cycle = Grade(int(values["grade"])), UpdateCycle(values["update_cycle"])
            audience = RecordAudience(values["audience"])
        except ValueError:
            self.errors[""] = say.gettext("Choose one of the values that are offered.")
            return None
        share_basis, open_basis = self._basis("share", bases), self._basis("open", bases)
        basis = say.gettext("Cite the law, regulation or State Council decision.")
        if share is ShareType.NOT_SHARED and not share_basis:
            self.errors["share_law"] = basis
        if opened is OpenType.NOT_OPEN and not open_basis:
            self.errors["open_law"] = basis
        if not (values["title_zh"].strip() or values["title_en"].strip()):
            self.errors["title_zh"] = say.gettext("Give a title in Chinese or in English.")
        directory = self._directory(say, before, series_id)
        if self.errors or directory is None:
            return None
        try:
            return Entry(
                title=Text(values["title_zh"].strip(), values["title_en"].strip()),
                summary=Text(values["summary_zh"].strip(), values["summary_en"].strip()),
                grade=grade,
                share_type=share,
                share_basis=share_basis,
                open_type=opened,
                open_basis=open_basis,
                update_cycle=cycle,
                licence=values["licence"].strip(),
                keywords=keywords_in(values["keywords"]),
                audience=audience,
                directory=directory,
            )
        except Refusal as refusal:
            self.complain(refusal, say)
            return None

    def complain(self, refusal: Refusal, say: Speech, *, otherwise: str = "") -> None:
        """Put a refusal beside the field that it is about, else beside `otherwise`."""
        told = getattr(refusal, "field", None)
        name = _FIELD_OF.get(str(told), str(told)) if told else otherwise
        self.errors[name if name in EntryFields.model_fields else otherwise] = say.refusal(refusal)

    def _basis(self, of: str, bases: Sequence[LegalBasis]) -> str:
        article = self.values[f"{of}_basis"].strip()
        chosen = next((one for one in bases if one.id == self.values[f"{of}_law"]), None)
        return article if chosen is None else cite(chosen, article)

    def _directory(
        self, say: Speech, before: Directory | None, series_id: DatasetId | None
    ) -> Directory | None:
        values = self.values
        for name in ("author_email", "maintainer_email"):
            if values[name].strip() and not _EMAIL.fullmatch(values[name].strip()):
                self.errors[name] = say.gettext("This is no e-mail address.")
        if values["landing_page"].strip() and not _ADDRESS.fullmatch(
            values["landing_page"].strip()
        ):
            self.errors["landing_page"] = say.gettext(
                "Give the whole address of a web page, beginning with https:// or http://."
            )
        start, end = self._day("temporal_start", say), self._day("temporal_end", say)
        kept = before or Directory()
        # A kind of its own, which a client of CKAN gave, stays unless another one is chosen.
        type_name = values["type_name"].strip() or kept.type_name
        try:
            held = FormatClass(values["format_class"]) if values["format_class"] else None
            channel = ShareChannel(values["share_channel"]) if values["share_channel"] else None
        except ValueError:
            self.errors[""] = say.gettext("Choose one of the values that are offered.")
            return None
        try:
            plain = {name: values[name].strip() for name in _PLAIN}
            described = replace(
                kept,
                type_name=type_name,
                format_class=held,
                share_channel=channel,
                is_classified=values["is_classified"] == "yes",
                temporal_start=start,
                temporal_end=end,
                languages=keywords_in(values["languages"]),
                in_series=series_id,
                legislation=_lines(values["legislation"]),
                related_codes=_lines(values["related_codes"]),
                identifiers=_lines(values["identifiers"]),
            )
            return replace(described, **plain)  # type: ignore[arg-type]  # all of them texts
        except Refusal as refusal:
            self.complain(refusal, say)
            return None

    def _day(self, name: str, say: Speech) -> date | None:
        text = self.values[name].strip().replace("/", "-").replace("年", "-").replace("月", "-")
        text = text.removesuffix("日")
        if not text:
            return None
        try:
            year, _, rest = text.partition("-")
            month, _, day = rest.partition("-")
            return date(int(year), int(month), int(day))
        except ValueError:
            self.errors[name] = say.gettext("Write a day as 2026-11-22.")
            return None


def keywords_in(text: str) -> tuple[str, ...]:
    """Keywords as people part them, with Chinese or Latin marks."""
    return tuple(dict.fromkeys(filter(None, map(str.strip, _KEYWORD_BREAK.split(text)))))


def _lines(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, map(str.strip, _LINE_BREAK.split(text)))))
