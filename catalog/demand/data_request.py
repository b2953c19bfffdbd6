"""A wish for data that the city does not offer: who is to answer, until when, and the answer.

Source: 上海市数据条例 art. 39 (the clock of a new demand).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final, NewType
from uuid import UUID

from catalog.demand.errors import WishUnclear
from policies.calendar import DueDate
from policies.terms import DatasetId, OrganizationId, UserId

DataRequestId = NewType("DataRequestId", UUID)

TITLE_LENGTH_CHARACTERS: Final = 200
DETAIL_LENGTH_CHARACTERS: Final = 4_000
FOLDED_LENGTH_CHARACTERS: Final = 100
ASKED_A_DAY_MAX: Final = 10
PROMISE_DAYS_MAX: Final = 730
CLOCK: Final = "new_demand"
"""The clock of the profile in force that an answer has to keep to."""

_UNSEEN: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
_BLANKS: Final = re.compile(r"\s+")


class DataRequestState(StrEnum):
    """What came of a wish."""

    OPEN = "open"
    PROMISED = "promised"
    """It will be published, by the day named."""
    MET = "met"
    """It exists: the answer points to the dataset."""
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class DataRequest:
    """A wish for data, as its department and the public read it."""

    id: DataRequestId
    title: str
    detail: str
    asked_by: UserId
    """Never shown to anybody else."""
    asked_at: datetime
    department_id: OrganizationId | None
    """None where no department's duties cover it; the bureau finds one."""
    due: DueDate
    state: DataRequestState
    joined: int
    """How many people ask for it, the first one among them."""
    answer: str = ""
    legal_basis: str = ""
    """Id of a text of the profile's list; only where it is refused."""
    dataset_id: DatasetId | None = None
    promised_on: date | None = None
    answered_at: datetime | None = None
    hidden_reason: str = ""

    @property
    def is_open(self) -> bool:
        """Whether an answer is still to come."""
        return self.state is DataRequestState.OPEN


def plain(field: str, text: str, characters_max: int, *, is_needed: bool = True) -> str:
    """The text without what cannot be seen or turns the reading direction.

    Raises: WishUnclear.
    """
    words = _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if len(words) > characters_max or (is_needed and not words):
        raise WishUnclear(field, characters_max)
    return words


def folded(text: str) -> str:
    """The text as two people who ask for the same would both write it."""
    same = unicodedata.normalize("NFKC", text).casefold()
    return _BLANKS.sub(" ", same).strip()[:FOLDED_LENGTH_CHARACTERS]
