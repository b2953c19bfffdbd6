"""What a file changed of a table, in words; for those who send it and those who approve it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from catalog.version import Version
from catalog.way_in import Change, Way
from policies.errors import N_
from portal.pages.speech import Speech

WAYS: Final[Mapping[Way, tuple[str, str]]] = {
    Way.REPLACE: (
        N_("Replace the table"),
        N_("The rows of the file stand for all that was there."),
    ),
    Way.APPEND: (N_("Add to the table"), N_("The rows of the file follow those that are there.")),
    Way.UPSERT: (
        N_("Update by key"),
        N_("Rows with a known key are changed, rows with a new key follow, all others stay."),
    ),
}


def way_choices(say: Speech) -> list[tuple[str, str, str | None]]:
    """The ways in which the rows of a file go into a table: value, name, what it does."""
    return [(way.value, say.gettext(name), say.gettext(hint)) for way, (name, hint) in WAYS.items()]


def way_words(way: Way, say: Speech) -> str:
    """A way in a word or two."""
    return say.gettext(WAYS[way][0])


def change_pairs(version: Version | None, say: Speech) -> list[tuple[str, str]]:
    """What a version changed, as names and values; none where nothing was before it."""
    if version is None or version.change is None:
        return []
    change = version.change
    pairs = [
        (say.gettext("How"), _how(change, say)),
        (say.gettext("Rows added"), say.number(change.added)),
        (say.gettext("Rows changed"), say.number(change.changed) if change.key else ""),
        (say.gettext("Rows unchanged"), say.number(change.unchanged)),
        (
            say.gettext("Rows gone"),
            say.number(change.removed) if change.way is Way.REPLACE else "",
        ),
        (say.gettext("New columns"), say.gettext(", ").join(change.columns_added)),
        (say.gettext("Columns gone"), say.gettext(", ").join(change.columns_removed)),
    ]
    return [(name, value) for name, value in pairs if value]


def _how(change: Change, say: Speech) -> str:
    how = say.gettext(
        "{way}, compared with version {number}",
        way=way_words(change.way, say),
        number=say.number(change.base_number),
    )
    if not change.key:
        return how
    known = say.gettext("rows known by {columns}", columns=say.gettext(", ").join(change.key))
    return f"{how}{say.gettext(', ')}{known}"
