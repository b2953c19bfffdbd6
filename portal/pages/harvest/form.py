"""The form of a source: what was typed, what is wrong with it, and the wishes that it says."""

from __future__ import annotations

from typing import Final

from catalog.harvest.source import (
    COLUMN_OPTION,
    GUARD_PERMILLE,
    OPTIONS,
    HarvestSource,
    Matching,
    Schedule,
    SourceKind,
    Wishes,
)
from policies.errors import Refusal, TitleMissing
from policies.terms import Text
from portal.pages.speech import Speech
from portal.pages.typed import member_of

_OPTION_FIELDS: Final[tuple[str, ...]] = (
    *("organizations", "groups", "query", "set", "prefix", "encoding", "delimiter"),
)


class SourceForm:
    """One form, as it came."""

    def __init__(self, values: dict[str, str]) -> None:
        self.values = values
        self.errors: dict[str, str] = {}

    @classmethod
    def empty(cls) -> SourceForm:
        """What a new source begins with."""
        return cls(
            {
                **dict.fromkeys(("title_zh", "title_en", "address", "columns"), ""),
                **dict.fromkeys(_OPTION_FIELDS, ""),
                "kind": SourceKind.DATA_JSON.value,
                "schedule": Schedule.BY_HAND.value,
                "matching": Matching.SEVERAL_KEYS.value,
                "guard": str(GUARD_PERMILLE // 10),
            }
        )

    @classmethod
    def of(cls, source: HarvestSource) -> SourceForm:
        """A source as its form shows it."""
        wishes = source.wishes
        columns = [
            f"{name.removeprefix(COLUMN_OPTION)} = {value}"
            for name, value in wishes.options.items()
            if name.startswith(COLUMN_OPTION)
        ]
        return cls(
            {
                "title_zh": wishes.title.zh,
                "title_en": wishes.title.en,
                "address": wishes.address,
                "kind": wishes.kind.value,
                "schedule": wishes.schedule.value,
                "matching": wishes.matching.value,
                "guard": str(wishes.guard_permille // 10),
                "columns": "\n".join(columns),
                **{name: wishes.options.get(name, "") for name in _OPTION_FIELDS},
            }
        )

    def wishes(self, say: Speech) -> Wishes | None:
        """What was wished for; None where something is wrong, which `errors` then says."""
        kind = member_of(SourceKind, self.values["kind"])
        schedule = member_of(Schedule, self.values["schedule"] or Schedule.BY_HAND)
        matching = member_of(Matching, self.values["matching"] or Matching.SEVERAL_KEYS)
        if kind is None:
            self.errors["kind"] = say.gettext("Choose what the source speaks.")
        if schedule is None:
            self.errors["schedule"] = say.gettext("Choose one of the list.")
        if matching is None:
            self.errors["matching"] = say.gettext("Choose one of the list.")
        guard = self.values["guard"].strip() or str(GUARD_PERMILLE // 10)
        if not guard.isdecimal() or len(guard) > 3 or int(guard) > 100:
            self.errors["guard"] = say.gettext("Give a whole number from 0 to 100.")
        address = self.values["address"].strip()
        if kind in (SourceKind.CKAN, SourceKind.OAI_PMH) and not address:
            self.errors["address"] = say.gettext("A source of this kind has an address.")
        if kind is None or schedule is None or matching is None or self.errors:
            return None
        title = Text(zh=self.values["title_zh"].strip(), en=self.values["title_en"].strip())
        try:
            return Wishes(
                title=title,
                kind=kind,
                address=address,
                schedule=schedule,
                matching=matching,
                guard_permille=int(guard) * 10,
                options=self._options(kind),
            )
        except TitleMissing as refusal:
            self.errors["title_zh"] = say.refusal(refusal)
        except Refusal as refusal:
            name = str(getattr(refusal, "option", "address"))
            field = "columns" if name.startswith(COLUMN_OPTION) else name
            self.errors[field] = say.refusal(refusal)
        return None

    def _options(self, kind: SourceKind) -> dict[str, str]:
        options = {
            name: self.values[name].strip()
            for name in _OPTION_FIELDS
            if name in OPTIONS[kind] and self.values[name].strip()
        }
        if kind is SourceKind.CSV_MANIFEST:
            for line in self.values["columns"].splitlines():
                field, mark, heading = line.partition("=")
                if mark and heading.strip():
                    options[f"{COLUMN_OPTION}{field.strip()}"] = heading.strip()
        return options

    def labels(self, say: Speech) -> dict[str, str]:
        """The labels of the fields, in the order of the page."""
        return {
            "title_zh": say.gettext("Name, in Chinese"),
            "title_en": say.gettext("Name, in English"),
            "kind": say.gettext("What it speaks"),
            "address": say.gettext("Address"),
            "schedule": say.gettext("Looked at"),
            "matching": say.gettext("How records are known again"),
            "guard": say.gettext("Guard against mass loss"),
            "organizations": say.gettext("Only these organisations"),
            "groups": say.gettext("Only these groups"),
            "query": say.gettext("Only what this search finds"),
            "set": say.gettext("Only this set"),
            "prefix": say.gettext("Metadata prefix"),
            "encoding": say.gettext("Encoding"),
            "delimiter": say.gettext("Delimiter"),
            "columns": say.gettext("What columns mean"),
        }
