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
    is_long: bool = False
    """Names its own transactions; the call comes without one."""


Table = Mapping[str, Action]
"""Actions by name; every area has one table called `ACTIONS`."""


def reads(**runs: Run) -> dict[str, Action]:
    """Actions that change nothing."""
    return {name: Action(run, is_read=True) for name, run in runs.items()}


def long_reads(**runs: Run) -> dict[str, Action]:
    """Actions that change nothing and may take long: none of them holds a connection meanwhile."""
    return {name: Action(run, is_read=True, is_long=True) for name, run in runs.items()}


def writes(**runs: Run) -> dict[str, Action]:
    """Actions that may change something."""
    return {name: Action(run, is_read=False) for name, run in runs.items()}
