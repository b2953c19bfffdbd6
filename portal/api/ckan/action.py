"""What an action of the API is: a function, and whether it changes anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from catalog.view import Json
from portal.api.ckan.call import Call

Result = Json
Run = Callable[[Call], Result]


@dataclass(frozen=True, slots=True)
class Action:
    """One action; the docstring of its function is the text of `help_show`."""

    run: Run
    is_read: bool
    """Only then may it be asked for with GET."""


Table = Mapping[str, Action]
"""Actions by name; every area has one table called `ACTIONS`."""


def reads(**runs: Run) -> dict[str, Action]:
    """Actions that change nothing."""
    return {name: Action(run, is_read=True) for name, run in runs.items()}


def writes(**runs: Run) -> dict[str, Action]:
    """Actions that may change something."""
    return {name: Action(run, is_read=False) for name, run in runs.items()}
