"""A publisher's own rules: each check with a form of its own parameters, and taking a rule away."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form, Query, Request, Response
from pydantic import BaseModel
from starlette.responses import RedirectResponse

from catalog import find
from catalog.curation import describe
from exchange.look_beside import check_other_table
from policies.errors import N_, Refusal, Said
from portal.owned import columns_of, owned
from portal.pages.rendering import render
from portal.pages.speech import Speech, speech_of
from portal.problems import status_of
from portal.sign_in import signed_in
from portal.wiring import wiring_of
from quality import rules
from quality.check import Arity, ChangeKind, Column, Family, Kind, Scheme
from quality.errors import (
    MissingRuleField,
    RuleDoesNotFit,
    WrongNumberOfColumns,
    WrongRuleValue,
)
from quality.rule import ALL_PERMILLE, Gate
from quality.rule_format import parameters_of
from quality.wording import CHANGES, FAMILIES, SCHEMES

router = APIRouter()

COLUMNS_LISTED_MAX: Final = 200
"""Columns that can be ticked; of a wider table they are named by hand."""
FIELD_WORDS: Final = {
    "kind": N_("Rule"),
    "rule_columns": N_("Columns"),
    "at_least": N_("At least"),
    "at_most": N_("At most"),
    "pattern": N_("Pattern"),
    "values": N_("Values"),
    "family": N_("Type"),
    "scheme": N_("Kind of number"),
    "seconds": N_("Seconds from one to the next"),
    "days": N_("Days at most"),
    "table": N_("The other table"),
    "column": N_("Column of the other table"),
    "by": N_("Group by"),
    "tolerance_percent": N_("May differ by, percent"),
    "aspect": N_("What must stay as usual"),
    "broken_percent": N_("May break it, percent"),
    "gate": N_("When it fails"),
}
"""What the form calls its fields, in refusals too."""
_FIELDS_OF: Final = {
    "columns": "rule_columns",
    "tolerance_permille": "tolerance_percent",
    "mostly_permille": "broken_percent",
}
_COLUMNS_WANTED: Final = {
    Arity.NONE: "0",
    Arity.SEVERAL: Said(N_("2 or more")),
    Arity.ANY: Said(N_("1 or more")),
}
_SEE_OTHER: Final = 303
Text = Annotated[str, Form(max_length=200)]


class RuleFields(BaseModel):
    """The fields of a rule's form, as text."""

    kind: str = Kind.NOT_NULL.value
    rule_columns: list[str] = []
    """Ticked, or parted by commas where there is no table yet."""
    first: str = ""
    second: str = ""
    """The columns of a pair, whose order matters."""
    at_least: str = ""
    at_most: str = ""
    pattern: str = ""
    values: str = ""
    """One a line; parted by commas where there is but one line."""
    family: str = ""
    scheme: str = ""
    seconds: str = ""
    days: str = ""
    or_equal: str = "true"
    table: str = ""
    column: str = ""
    by: str = ""
    tolerance_percent: str = ""
    aspect: str = ""
    broken_percent: str = ""
    """Up to this share of the rows may break it."""
    gate: str = Gate.WARN.value
    title_zh: str = ""
    title_en: str = ""
    fix_zh: str = ""
    fix_en: str = ""


@router.get("/publish/{slug}/rules/new")
def show_form(
    request: Request, slug: str, kind: Annotated[str, Query(max_length=40)] = ""
) -> Response:
    """The parameters of one check."""
    typed = RuleFields(kind=kind if kind in set(Kind) else Kind.NOT_NULL.value)
    return _page(request, slug, typed)


@router.post("/publish/{slug}/rules")
def add_rule(request: Request, slug: str, given: Annotated[RuleFields, Form()]) -> Response:
    """Give the dataset a rule of its own."""
    actor, wiring = signed_in(request), wiring_of(request)
    try:
        with wiring.pool.connection() as tx:
            dataset = owned(tx, slug, actor)
            schema = columns_of(tx, dataset, actor)
            body, at = _rule_body(given, schema), wiring.now()
            added = rules.add_rule(tx, dataset.id, body, schema, by=actor, at=at)
            check_other_table(tx, dataset, added, schema, by=actor, at=at)
    except Refusal as refusal:
        return _page(request, slug, given, refusal=refusal)
    return RedirectResponse(f"/publish/{slug}?done=rule-added#rules", _SEE_OTHER)


@router.post("/publish/{slug}/rules/remove")
def remove_rule(request: Request, slug: str, rule: Text = "") -> Response:
    """Take a rule out of use; reports that it stood in keep it."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        found = find.dataset_named(tx, slug, by=actor)
        dataset = describe.owned_dataset(tx, found.id, by=actor)
        for own in rules.list_rules(tx, dataset.id):
            if str(own.id) == rule:
                rules.remove_rule(tx, dataset.id, own.id, by=actor, at=wiring.now())
    return RedirectResponse(f"/publish/{slug}?done=rule-removed", _SEE_OTHER)


def _page(
    request: Request, slug: str, typed: RuleFields, *, refusal: Refusal | None = None
) -> Response:
    actor, say = signed_in(request), speech_of(request)
    with wiring_of(request).pool.connection() as tx:
        dataset = owned(tx, slug, actor)
        schema = columns_of(tx, dataset, actor)
    kind = Kind(typed.kind) if typed.kind in set(Kind) else Kind.NOT_NULL
    fitting = [one.name for one in schema if one.family in kind.families]
    is_listed = 0 < len(schema) <= COLUMNS_LISTED_MAX
    return render(
        request,
        "publish/rule.html",
        status=status_of(refusal) if refusal else 200,
        slug=slug,
        title=dataset.entry.title,
        checks=[(one.value, say.text(one.label)) for one in Kind],
        kind=kind.value,
        label=say.text(kind.label),
        dimension=say.text(kind.dimension.label),
        arity=kind.arity.name.lower(),
        columns=[(name, name, None) for name in fitting] if is_listed else [],
        pairs=[("", "—"), *((name, name) for name in fitting)],
        is_listed=is_listed,
        parameters=sorted(parameters_of(kind)),
        takes_share=kind.is_counted,
        may_set_aside=kind.is_about_rows,
        families=[(one.value, say.text(FAMILIES[one])) for one in Family],
        schemes=[(one.value, say.text(SCHEMES[one])) for one in Scheme],
        aspects=[(one.value, say.text(CHANGES[one])) for one in ChangeKind],
        field_words={name: say.gettext(words) for name, words in FIELD_WORDS.items()},
        typed=typed.model_dump(),
        errors=_errors(refusal, say) if refusal else {},
    )


def _errors(refusal: Refusal, say: Speech) -> dict[str, str]:
    """What is wrong in the words of the form, at the field that it is about."""
    named = str(getattr(refusal, "field", "")).removeprefix("expect.")
    field = _FIELDS_OF.get(named, named)
    if field not in FIELD_WORDS:
        field = "kind"
    return {field: say.refusal(_in_words_of_form(refusal, field, say))}


def _in_words_of_form(refusal: Refusal, field: str, say: Speech) -> Refusal:
    """The refusal with the words of the form in place of the names that the API has."""
    words = say.gettext(FIELD_WORDS[field])
    match refusal:
        case MissingRuleField():
            return MissingRuleField(words)
        case WrongRuleValue() if field in ("tolerance_percent", "broken_percent"):
            return WrongRuleValue(words, Said(N_("a share from 0 to 100, by tenths")))
        case WrongRuleValue(wanted=wanted):
            return WrongRuleValue(words, wanted)
        case RuleDoesNotFit(kind=kind, column=column, type=found):
            return RuleDoesNotFit(say.text(Kind(kind).label), column, found)
        case WrongNumberOfColumns(kind=kind, wanted=wanted, given=given):
            count = _COLUMNS_WANTED.get(Arity(wanted), wanted)
            return WrongNumberOfColumns(say.text(Kind(kind).label), count, given)
        case _:
            return refusal


def _rule_body(given: RuleFields, schema: tuple[Column, ...]) -> dict[str, object]:
    """The rule as the API takes it; a refusal says what of it is wrong."""
    if given.kind not in set(Kind):
        return {"expect": {"kind": given.kind}}
    kind = Kind(given.kind)
    names = _columns(given, kind, schema)
    families = {column.family for column in schema if column.name in names}
    expect: dict[str, object] = {"kind": kind.value}
    for name in parameters_of(kind):
        value = _parameter(name, given, families)
        if value is not None:
            expect[name] = value
    body: dict[str, object] = {"expect": expect, "gate": given.gate}
    if kind.arity is not Arity.NONE:
        body["columns"] = names
    if given.broken_percent.strip():
        share = _permille(given.broken_percent)
        body["mostly_permille"] = ALL_PERMILLE - share if isinstance(share, int) else share
    for field, zh, en in (
        ("title", given.title_zh, given.title_en),
        ("fix", given.fix_zh, given.fix_en),
    ):
        if zh.strip() or en.strip():
            body[field] = {"zh": zh, "en": en}
    return body


def _columns(given: RuleFields, kind: Kind, schema: tuple[Column, ...]) -> list[str]:
    if kind.arity is Arity.PAIR and (given.first or given.second):
        return [name for name in (given.first, given.second) if name]
    known = {column.name for column in schema}
    return [
        name
        for sent in given.rule_columns
        for name in ([sent] if sent in known else map(str.strip, sent.split(",")))
        if name
    ]


def _parameter(name: str, given: RuleFields, families: set[Family]) -> object:
    """One parameter as JSON has it; None where it was left out."""
    text = str(getattr(given, name, ""))
    match name:
        case "at_least" | "at_most":
            bound = text.strip()
            return None if not bound else bound if Family.TIME in families else _number(bound)
        case "values":
            is_text = Family.TIME in families or Family.TEXT in families
            lines = given.values.splitlines()
            parts = lines if len(lines) > 1 else given.values.split(",")
            listed = [part.strip() for part in parts if part.strip()]
            return [part if is_text else _number(part) for part in listed]
        case "seconds" | "days":
            return _number(text) if text.strip() else None
        case "or_equal":
            return given.or_equal == "true"
        case "by":
            return [one.strip() for one in given.by.split(",") if one.strip()]
        case "tolerance_permille":
            return _permille(given.tolerance_percent or "0")
        case _:
            return text if name == "pattern" else text.strip()


def _permille(text: str) -> object:
    """A percentage in thousandths; the text where it is none, which is then refused by name."""
    share = _number(text.strip().rstrip("%％"))
    if isinstance(share, int | float) and 0 <= share <= 100 and (share * 10) % 1 == 0:
        return int(share * 10)
    return text


def _number(text: str) -> object:
    """A bound as a number where it is one; else the text, which is then refused by name."""
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text.strip()
