"""Find the class of a refusal by its name, as confined processes and failed uploads tell it."""

from __future__ import annotations

from catalog import errors, file_errors
from policies.errors import Refusal


def refusal_named(name: str) -> type[Refusal] | None:
    """The class of that name; None where no refusal of the catalogue is called so."""
    for module in (errors, file_errors):
        kind = getattr(module, name, None)
        if isinstance(kind, type) and issubclass(kind, Refusal):
            return kind
    return None
