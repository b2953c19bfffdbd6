"""Words, numbers and dates of one reader's language, for view-models that are made in Python."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from fastapi import Request

from policies.errors import Refusal
from policies.terms import Language, MicroCredits, Text
from portal.languages import (
    format_bytes,
    format_credits,
    format_date,
    format_month,
    format_number,
    format_time,
    translator,
)
from portal.pages.rendering import language_of
from portal.problems import words_of


@dataclass(frozen=True, slots=True)
class Speech:
    """Says things in `language`."""

    language: Language

    def gettext(self, message: str, **values: object) -> str:
        """The message in the reader's language, with its {placeholders} filled in."""
        said = str(translator(self.language).gettext(message))
        return said.format(**values) if values else said

    def ngettext(self, one: str, many: str, count: int) -> str:
        """The message for that many, with {count} filled in."""
        said = str(translator(self.language).ngettext(one, many, count))
        return said.format(count=self.number(count))

    def text(self, text: Text) -> str:
        """A text that a person wrote, in the language that it exists in."""
        return text.read_in(self.language)

    def number(self, number: int) -> str:
        """A whole number with its thousands grouped."""
        return format_number(number, self.language)

    def credits(self, amount: MicroCredits) -> str:
        """Credits, exact."""
        return format_credits(amount, self.language)

    def bytes(self, size_bytes: int) -> str:
        """A size."""
        return format_bytes(size_bytes, self.language)

    def day(self, day: date | datetime) -> str:
        """A day in the city's time."""
        return format_date(day, self.language)

    def month(self, day: date) -> str:
        """A month: 2026年11月, November 2026."""
        return format_month(day, self.language)

    def moment(self, moment: datetime) -> str:
        """A moment in the city's time."""
        return format_time(moment, self.language)

    def refusal(self, refusal: Refusal) -> str:
        """Why something is refused and what to do."""
        return words_of(refusal, self.language)


def speech_of(request: Request) -> Speech:
    """The language of the reader who makes this request."""
    return Speech(language_of(request))
