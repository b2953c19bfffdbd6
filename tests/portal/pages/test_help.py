from __future__ import annotations

import pytest

from policies.log import fresh_head
from quality.packs import load_standard_packs
from tests.exchange.city import City
from tests.portal.pages.conftest import OpenBrowser


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    "path",
    ["/help", "/help/api", "/help/rules", "/help/accessibility", "/help/problems", "/log/"],
)
def test_help_is_open_to_everybody_in_both_languages(
    browser_of: OpenBrowser, path: str, language: str
) -> None:
    answer = browser_of().get(f"{path}?lang={language}")

    assert answer.status_code == 200
    assert ('lang="zh-Hans"' if language == "zh" else 'lang="en"') in answer.text


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_rule_of_the_house_is_told_with_its_clause(
    browser_of: OpenBrowser, language: str
) -> None:
    page = browser_of().page(f"/help/rules?lang={language}")

    for rule in load_standard_packs():
        assert f'id="{rule.id}"' in page
        assert (rule.title.zh if language == "zh" else rule.title.en) in page
        assert rule.clause in page
    assert page.count("严重" if language == "zh" else "grave") >= 1
    example = "1,000 行中有 3 行" if language == "zh" else "3 of 1,000 rows"
    assert page.count(example) == sum(rule.check.kind.is_counted for rule in load_standard_packs())


def test_every_problem_that_an_answer_names_has_its_anchor(
    city: City, browser_of: OpenBrowser
) -> None:
    page = browser_of().page("/help/problems")

    code = browser_of().get("/api/v1/balance").json()["type"].partition("#")[2]
    assert f'id="{code}"' in page
    for known in (
        *("insufficient-credits", "agreement-ended", "malformed-request", "clauses-failed"),
        *("wish-unclear", "data-request-answered", "no-such-tile"),
    ):
        assert page.count(f'id="{known}"') == 1
    assert page.count('id="reason-missing"') == 1  # two packages have it, each in its words
    assert "{" not in page.split("<tbody>")[1].split("</tbody>")[0]


def test_the_log_page_shows_the_newest_head(city: City, browser_of: OpenBrowser) -> None:
    before = browser_of().page("/log/")
    with city.pool.connection() as tx:
        signed = fresh_head(tx, city.parts.keys, city.at)

    after = browser_of().page("/log/")

    assert "No head is signed yet" in before
    assert signed.head.root_hash.hex() in after


def test_the_foot_of_every_page_names_the_newest_head(city: City, browser_of: OpenBrowser) -> None:
    with city.pool.connection() as tx:
        signed = fresh_head(tx, city.parts.keys, city.at)

    assert signed.head.root_hash.hex()[:12] in browser_of().page("/help")
