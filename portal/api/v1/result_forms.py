"""The form of an answer that a client wants: by name, else by its Accept header, else JSON.

Source: RFC 9110 s. 12.5.1.
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Query, Request

from catalog.result import Manner, ResultFormat
from exchange.delivery import MEDIA_TYPES

RANGES_MAX: Final = 50

_NAMED: Final = {
    **{MEDIA_TYPES[form].partition(";")[0]: form for form in ResultFormat},
    "application/jsonl": ResultFormat.NDJSON,
    "application/ndjson": ResultFormat.NDJSON,
    "application/parquet": ResultFormat.PARQUET,
    "application/arrow": ResultFormat.ARROW,
}
_ALL: Final = frozenset({"*/*", "application/*"})

Form = Annotated[
    ResultFormat | None, Query(alias="format", description="None goes by the Accept header.")
]
WithMark = Annotated[
    bool, Query(alias="bom", description="CSV and TSV begin with the UTF-8 mark, for Excel.")
]
IsGuarded = Annotated[
    bool,
    Query(
        alias="guard",
        description="In CSV and TSV, texts that a spreadsheet would run get an apostrophe.",
    ),
]


def form_of(request: Request, named: ResultFormat | None) -> ResultFormat:
    """The form that is wanted most; JSON where none is wanted that there is."""
    if named is not None:
        return named
    best, weight = ResultFormat.JSON, 0.0
    for item in request.headers.get("Accept", "").split(",")[:RANGES_MAX]:
        name, *parameters = (word.strip().lower() for word in item.split(";"))
        form = ResultFormat.JSON if name in _ALL else _NAMED.get(name)
        if form is not None and _weight(parameters) > weight:
            best, weight = form, _weight(parameters)
    return best


def manner_of(*, with_mark: bool, is_guarded: bool) -> Manner:
    """How CSV and TSV are written."""
    return Manner(with_mark=with_mark, is_guarded=is_guarded)


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0
