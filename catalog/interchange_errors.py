"""Refusals of the feeds and of files that carry records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from policies.errors import N_, Conflict, Invalid, NotFound, TooLarge, TooOften


@dataclass(eq=False)
class MalformedMoment(Invalid):
    """A point in time that is not written as ISO 8601 has it."""

    message: ClassVar[str] = N_("“{value}” is no date or time, such as 2026-01-31T08:00:00Z.")
    value: str


@dataclass(eq=False)
class NoSuchCataloguePage(NotFound):
    """A page behind the last one."""

    message: ClassVar[str] = N_("There are {pages} pages, and no page {page}.")
    page: int
    pages: int


@dataclass(eq=False)
class NoOpenFile(NotFound):
    """A description of files that not everybody may fetch."""

    message: ClassVar[str] = N_(
        "“{name}” has no file that everybody may fetch, so there is none to describe."
    )
    name: str


@dataclass(eq=False)
class UnreadableGraph(Invalid):
    """Text that is not the RDF that it was said to be."""

    message: ClassVar[str] = N_("This cannot be read as {form}: {reason}.")
    form: str
    reason: str


@dataclass(eq=False)
class UnknownRdfForm(Invalid):
    """A media type that graphs are not read in."""

    message: ClassVar[str] = N_("“{media_type}” is none of: {known}.")
    media_type: str
    known: str


@dataclass(eq=False)
class GraphTooLarge(TooLarge):
    """More than is checked at once."""

    message: ClassVar[str] = N_("At most {bytes_max} bytes are checked at once.")
    bytes_max: int


@dataclass(eq=False)
class CheckerBusy(TooOften):
    """Others' graphs are being checked."""

    message: ClassVar[str] = N_("Other graphs are being checked. Try again in a moment.")
    wait_s: int = 10


@dataclass(eq=False)
class MalformedSparql(Invalid):
    """A question that is not SPARQL, or asks for what is not done here."""

    message: ClassVar[str] = N_("This question cannot be answered: {reason}.")
    reason: str


@dataclass(eq=False)
class SparqlTooCostly(TooLarge):
    """A question that takes longer, or answers more, than one may."""

    message: ClassVar[str] = N_(
        "The question takes longer than {seconds} s, or its answer is larger than {bytes_max} "
        "bytes. Ask for less at once."
    )
    seconds: int
    bytes_max: int


@dataclass(eq=False)
class GraphsNotReady(Conflict):
    """The graphs are being built for the first time."""

    message: ClassVar[str] = N_("The graphs are being prepared. Try again in a minute.")


@dataclass(eq=False)
class NoSuchImport(NotFound):
    """A spreadsheet that was carried out, forgotten after a day, or is somebody else's."""

    message: ClassVar[str] = N_("This spreadsheet is no longer kept. Send it again.")
