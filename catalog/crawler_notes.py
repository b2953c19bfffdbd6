"""What loaders and crawlers of CKAN's world keep in a catalogue: how far a task came, and what a
word is called in other languages. Nothing here reads either.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final
from uuid import UUID

from policies.presentation import check_written

STATUSES_MOST: Final = 1_000_000
"""Notes that one site keeps."""

_NAME_MOST_CHARACTERS: Final = 500
_VALUE_MOST_CHARACTERS: Final = 100_000


@dataclass(frozen=True, slots=True)
class TaskStatus:
    """How far a task on an entity came. Raises: PresentationTooLong, PresentationUnwritable."""

    id: UUID
    entity_id: str
    entity_type: str
    task_type: str
    key: str
    value: str | None
    state: str | None
    error: str | None
    last_updated: datetime

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, str):
                is_long = each.name in ("value", "error")
                most = _VALUE_MOST_CHARACTERS if is_long else _NAME_MOST_CHARACTERS
                check_written(each.name, value, most)


@dataclass(frozen=True, slots=True)
class TermTranslation:
    """A word in another language. Raises: PresentationTooLong, PresentationUnwritable."""

    term: str
    term_translation: str
    lang_code: str

    def __post_init__(self) -> None:
        for each in fields(self):
            check_written(each.name, getattr(self, each.name), _NAME_MOST_CHARACTERS)
