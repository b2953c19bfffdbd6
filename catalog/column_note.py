"""What a column means: the line of a distribution's dictionary that people write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from catalog.errors import MalformedField
from policies.terms import Text

TITLE_LENGTH_CHARACTERS: Final = 255
MEANING_LENGTH_CHARACTERS: Final = 2_000
UNIT_LENGTH_CHARACTERS: Final = 100
CODE_LIST_LENGTH_CHARACTERS: Final = 100


@dataclass(frozen=True, slots=True)
class ColumnNote:
    """What is said of one column.

    Raises: MalformedField where a text is too long.
    """

    name: str
    title: Text = Text()  # noqa: RUF009  frozen
    meaning: Text = Text()  # noqa: RUF009
    unit: str = ""
    code_list: str = ""
    """The name of the list that its codes are from, such as `GB/T 2260`; columns that share one
    can be joined."""

    def __post_init__(self) -> None:
        for field, text, most in (
            ("title", self.title.zh, TITLE_LENGTH_CHARACTERS),
            ("title", self.title.en, TITLE_LENGTH_CHARACTERS),
            ("meaning", self.meaning.zh, MEANING_LENGTH_CHARACTERS),
            ("meaning", self.meaning.en, MEANING_LENGTH_CHARACTERS),
            ("unit", self.unit, UNIT_LENGTH_CHARACTERS),
            ("code_list", self.code_list, CODE_LIST_LENGTH_CHARACTERS),
        ):
            if len(text) > most or "\0" in text:
                raise MalformedField(f"{self.name}.{field}")

    @property
    def is_empty(self) -> bool:
        """Whether nothing is said."""
        return self == ColumnNote(self.name)
