"""Every check has a form of its own, and what is typed there becomes the rule that it says."""

from __future__ import annotations

import pytest

from policies.terms import Text
from quality.check import Arity, Kind
from quality.rule_format import parameters_of
from tests.exchange.city import City
from tests.portal.pages.conftest import OpenBrowser

PAGE = "/publish/stops"
FIELD_OF = {"tolerance_permille": "tolerance_percent"}
LAST = (
    ("between", {"rule_columns": "line", "at_least": "0", "broken_percent": "0.5"}),
    ("in_set", {"rule_columns": "name", "values": "a, b\nc"}),
    ("type_is", {"rule_columns": "line", "family": "number"}),
    ("check_character", {"rule_columns": "name", "scheme": "credit_code"}),
    ("pair_greater", {"first": "line", "second": "id", "or_equal": "false"}),
    ("steady", {"aspect": "volume"}),
)
SAID = {
    "between": {"kind": "between", "at_least": 0, "at_most": None},
    "in_set": {"kind": "in_set", "values": ["a, b", "c"]},
    "type_is": {"kind": "type_is", "family": "number"},
    "check_character": {"kind": "check_character", "scheme": "credit_code"},
    "pair_greater": {"kind": "pair_greater", "or_equal": False},
    "steady": {"kind": "steady", "aspect": "volume"},
}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_check_asks_for_its_parameters_and_no_others(
    city: City, browser_of: OpenBrowser, language: str
) -> None:
    city.open_stops()
    visitor = browser_of(city.publisher)
    every = {FIELD_OF.get(name, name) for kind in Kind for name in parameters_of(kind)}

    for kind in Kind:
        page = visitor.page(f"{PAGE}/rules/new?kind={kind}&lang={language}")
        wanted = {FIELD_OF.get(name, name) for name in parameters_of(kind)}
        assert {name for name in every if f'name="{name}"' in page} == wanted
        label: Text = kind.label
        assert (label.zh if language == "zh" else label.en) in page
        is_asked = 'name="rule_columns"' in page or 'name="first"' in page
        fits_none = ("没有适用" if language == "zh" else "No column of this table") in page
        assert (is_asked or fits_none) == (kind.arity is not Arity.NONE)
        assert ('value="quarantine"' in page) == kind.is_about_rows


def test_what_is_typed_becomes_the_rule(city: City, browser_of: OpenBrowser) -> None:
    city.open_stops()
    visitor = browser_of(city.publisher)

    for kind, fields in LAST:
        on = f"{PAGE}/rules/new?kind={kind}"
        told = visitor.submit(f"{PAGE}/rules", on=on, kind=kind, title_zh="站点", **fields)
        assert told.status_code == 303, kind

    kept = [one["rule"] for one in visitor.get("/api/v1/datasets/stops/rules").json()]
    assert {one["expect"]["kind"]: one["expect"] for one in kept} == SAID
    assert {one["title"]["zh"] for one in kept} == {"站点"}
    assert {one["mostly_permille"] for one in kept} == {1000, 995}


@pytest.mark.parametrize(
    ("kind", "fields", "field"),
    [
        ("newest_within", {"rule_columns": "line", "days": "many"}, "days"),
        ("between", {"rule_columns": "line", "at_least": "x"}, "at_least"),
        (
            "between",
            {"rule_columns": "line", "at_least": "1", "broken_percent": "200"},
            "broken_percent",
        ),
        ("no_such", {}, "kind"),
        ("in_other_table", {"rule_columns": "line", "table": "nowhere", "column": "id"}, "kind"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(
    city: City, browser_of: OpenBrowser, kind: str, fields: dict[str, str], field: str
) -> None:
    city.open_stops()
    visitor = browser_of(city.publisher)

    told = visitor.submit(f"{PAGE}/rules", on=f"{PAGE}/rules/new", kind=kind, **fields)

    assert 400 <= told.status_code < 500
    assert f'href="#field-{field}"' in told.text
    for name in ("expect.", "permille", "“rule_columns”", f"“{kind}”"):
        assert name not in told.text, "a clerk knows the words of the form and not those of the API"
    assert visitor.get("/api/v1/datasets/stops/rules").json() == []
