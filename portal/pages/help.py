"""Help: how to do the usual things, the programs' way, accessibility, problems, the log's head."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from policies.errors import N_, LogNotSigned, Refusal
from policies.log import latest_head
from portal.pages.rendering import render
from portal.pages.speech import Speech, speech_of
from portal.problems import code_of_kind, status_of_kind
from portal.wiring import wiring_of
from quality.dimension import Dimension
from quality.packs import STANDARD_PACKS, load_pack, load_standard_packs
from quality.rule import Gate, Severity
from quality.wording import example_of

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Term:
    """One word of the glossary."""

    zh: str
    en: str
    meaning: str


@dataclass(frozen=True, slots=True)
class ProblemLine:
    """One kind of problem, as the list of problems has it."""

    code: str
    status: int
    message: str
    is_first: bool
    """No line before it has its code, so the anchor of the code leads here."""


GLOSSARY: Final = (
    Term("数据集", "dataset", N_("Data on one subject, described once and kept in versions.")),
    Term("分发", "distribution", N_("One form of a dataset's data, such as one table.")),
    Term("版本", "version", N_("The data as it was at one moment; it never changes any more.")),
    Term("挂牌", "listing", N_("A dataset on offer in one way: shared, opened or traded.")),
    Term("共享", "share", N_("Departments give data to departments, for their statutory duties.")),
    Term("开放", "open", N_("Departments give data to everybody, free of charge.")),
    Term("交易", "trade", N_("Enterprises pay for data under an agreement.")),
    Term("申请", "request", N_("A wish for data, answered within days that the standard sets.")),
    Term("协议", "agreement", N_("Who may do what with which data until when, in hashed words.")),
    Term("积分", "credit", N_("What data is paid with; bought before, spent by receipt.")),
    Term("用数凭证", "receipt", N_("Signed evidence of one delivery, which anybody can check.")),
    Term("存证日志", "evidence log", N_("The list of all that happened, to which is only added.")),
    Term("血缘", "lineage", N_("What data was made of, and what became of it.")),
    Term("分级", "grade", N_("How badly a leak would harm whom: general, important, core.")),
    Term("条款", "clause", N_("One rule of a standard that the exchange checks by itself.")),
    Term("冻结", "freeze", N_("A supervisor's stop: no read succeeds until it is lifted.")),
)
"""The words of the standards in both languages, and what they mean here."""

PACKS: Final = {
    "core": N_("Every table"),
    "time": N_("Dates and times"),
    "identity-cn": N_("Numbers of persons and organisations"),
    "geo": N_("Places"),
    "money": N_("Money"),
    "transport": N_("Transport"),
    "air": N_("Air and weather"),
    "open-data": N_("Open data"),
    "drift": N_("Compared with the version before"),
}
GATES: Final = {
    Gate.BLOCK: N_("holds the version back"),
    Gate.QUARANTINE: N_("sets rows aside"),
    Gate.WARN: N_("warns"),
}

SEVERITIES: Final = {
    Severity.CRITICAL: N_("grave"),
    Severity.WARNING: N_("to be mended"),
    Severity.INFO: N_("for your information"),
}

_OTHERS: Final = (
    ("malformed-request", 422, N_("See `errors`: each names a field and what is wrong with it.")),
    ("http-404", 404, N_("There is nothing at this address, or nothing that you may see.")),
    ("http-405", 405, N_("This address cannot do that")),
    ("failure", 500, N_("Something broke on our side")),
)
"""Problems that no refusal stands for."""

_PLACEHOLDER: Final = re.compile(r"\{\w+\}")
_SEE_OTHER = 303


@router.get("/help")
def show_help(request: Request) -> Response:
    """How to sign in, publish, ask, buy, check; the words; the keys."""
    return render(request, "help/start.html", glossary=GLOSSARY)


@router.get("/help/rules")
def show_rules(request: Request) -> Response:
    """Every rule that tables are asked, in words, with the clause it stands for."""
    say = speech_of(request)
    packs = [
        {"name": name, "title": say.gettext(PACKS[name]), "rules": load_pack(name)}
        for name in STANDARD_PACKS
    ]
    gates = {gate.value: say.gettext(words) for gate, words in GATES.items()}
    return render(
        request,
        "help/rules.html",
        packs=packs,
        gates=gates,
        dimensions={one.value: say.text(one.label) for one in Dimension},
        severities={one.value: say.gettext(words) for one, words in SEVERITIES.items()},
        examples={rule.id: example_of(rule) for rule in load_standard_packs()},
    )


@router.get("/help/api")
def show_api(request: Request) -> Response:
    """The same for programs: keys and the main calls."""
    return render(request, "help/api.html", site_url=wiring_of(request).settings.site_url)


@router.get("/help/accessibility")
def show_accessibility(request: Request) -> Response:
    """What these pages promise to people who read them in other ways."""
    return render(request, "help/accessibility.html")


@router.get("/help/problems")
def show_problems(request: Request) -> Response:
    """Every problem that an answer may name, each with an anchor of its code."""
    say = speech_of(request)
    return render(request, "help/problems.html", problems=list(_problems(say)))


@router.get("/log")
def to_log() -> Response:
    """The address that people type."""
    return RedirectResponse("/log/", _SEE_OTHER)


@router.get("/log/")
def show_log(request: Request) -> Response:
    """The newest signed head of the evidence log, and how to hold the exchange to it."""
    wiring = wiring_of(request)
    with wiring.pool.connection() as tx:
        try:
            signed = latest_head(tx)
        except LogNotSigned:
            signed = None
    return render(request, "help/log.html", signed=signed, site_url=wiring.settings.site_url)


def _problems(say: Speech) -> Iterator[ProblemLine]:
    """Every problem by its status and code; what stands for a fact is shown as “…”."""
    told: set[str] = set()
    kinds = [kind for kind in _kinds_below(Refusal) if "message" in vars(kind)]
    refused = [(code_of_kind(kind), status_of_kind(kind), kind.message) for kind in kinds]
    for code, status, message in sorted([*refused, *_OTHERS], key=lambda one: (one[1], one[0])):
        words = _PLACEHOLDER.sub("…", say.gettext(message))
        yield ProblemLine(code, status, words, code not in told)
        told.add(code)


def _kinds_below(kind: type[Refusal]) -> Iterator[type[Refusal]]:
    """Every class of refusals that the program has loaded, wherever it stands, each once."""
    for below in kind.__subclasses__():
        yield below
        yield from _kinds_below(below)
