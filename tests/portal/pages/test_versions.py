from __future__ import annotations

import re

from catalog.curation import describe
from catalog.dataset import Dataset
from catalog.find import dataset_named, distributions_of
from catalog.version import Column, ColumnType
from catalog.view import View
from exchange.list_product import Proposal
from policies.terms import Regime, Text
from tests.exchange.city import LAWFUL, STOPS, City, entry
from tests.exchange.test_compare import declare_key, next_version
from tests.portal.pages.conftest import OpenBrowser
from tests.portal.pages.test_dataset import main_of

API = "/api/v1/datasets/stops/versions"


def two_versions(city: City) -> None:
    """Open stops, and a second version in which a row is new, one is gone and one has changed."""
    dataset = city.open_stops()
    declare_key(city, dataset, "id")
    next_version(
        city,
        dataset,
        f"SELECT id, CASE id WHEN 5 THEN '新名' ELSE name END AS name, line FROM ({STOPS}) "
        "WHERE id > 1 UNION ALL SELECT 99, '新站', 1",
    )


def test_the_list_leads_to_each_version_and_to_what_changed(
    city: City, browser_of: OpenBrowser
) -> None:
    two_versions(city)
    visitor = browser_of()

    page = main_of(visitor.page("/dataset/stops/versions"))
    first = visitor.get("/dataset/stops/versions/1")
    columns = main_of(visitor.page("/dataset/stops/versions/compare?before=1&after=2"))
    rows = main_of(visitor.page("/dataset/stops/versions/compare?before=1&after=2&rows=true"))

    assert "As many rows as before" in page
    assert first.status_code == 200
    assert "This is not the newest version" in first.text
    assert 'rel="latest-version"' in first.headers["Link"]
    assert "The columns are the same." in columns
    assert "新名" not in columns
    for told in ("新名", "新站", "Rows are told apart by id."):
        assert told in rows


def test_a_version_has_its_digest_as_validator_and_leads_to_its_neighbours(
    city: City, browser_of: OpenBrowser
) -> None:
    two_versions(city)
    visitor = browser_of()

    first, second = visitor.get(f"{API}/1"), visitor.get(f"{API}/2")
    digest = first.json()["digest"]
    again = visitor.get(f"{API}/{digest}", headers={"If-None-Match": f'"{digest}"'})
    rows = visitor.get(f"{API}/{digest}/rows?limit=1000")
    file = visitor.get(f"{API}/1/download.csv")

    assert first.headers["ETag"] == f'"{digest}"'
    assert first.headers["Link"] == (
        f'<{API}/2>; rel="latest-version", <{API}/2>; rel="successor-version"'
    )
    assert second.headers["Link"] == (
        f'<{API}/2>; rel="latest-version", <{API}/1>; rel="predecessor-version"'
    )
    assert again.status_code == 304
    assert rows.json() == visitor.get("/api/v1/datasets/stops/rows?version=1&limit=1000").json()
    assert len(rows.json()["rows"]) == 40
    assert len(file.content.splitlines()) == 41
    assert 'rel="latest-version"' in file.headers["Link"]


def test_the_difference_is_told_to_programs(city: City, browser_of: OpenBrowser) -> None:
    two_versions(city)
    visitor = browser_of()

    told = visitor.get(f"{API}/2/difference").json()
    columns = visitor.get(f"{API}/2/difference?from=1&of=columns").json()

    assert (told["before"], told["after"]) == (1, 2)
    counts = {name: told["rows"][name] for name in ("added", "changed", "gone", "key")}
    assert counts == {"added": 1, "changed": 1, "gone": 1, "key": ["id"]}
    assert told["rows"]["changes_by_column"] == {"name": 1}
    assert [one["change"] for one in told["rows"]["examples"]] == ["gone", "changed", "added"]
    assert columns["rows"] is None
    assert columns["columns"] == {"added": [], "gone": [], "retyped": []}


def test_an_approver_withdraws_a_version_and_the_list_shows_the_gap(
    city: City, browser_of: OpenBrowser
) -> None:
    two_versions(city)
    approver, stranger = browser_of(city.approver), browser_of()
    address = "/dataset/stops/versions/2"

    assert "Withdraw this version" not in stranger.page(address)
    unsaid = approver.submit(f"{address}/withdraw", on=address, words="x")
    done = approver.submit(
        f"{address}/withdraw", on=address, reason="personal_data", words="姓名未脱敏。"
    )

    assert unsaid.status_code == 400
    assert done.status_code == 303
    gap = main_of(stranger.page("/dataset/stops/versions"))
    assert "it tells more of persons than it may" in gap
    assert "姓名未脱敏。" in gap
    for path in (address, f"{API}/2", f"{API}/2/rows", f"{API}/2/download.csv"):
        gone = stranger.get(path)
        assert gone.status_code == 410, path
        assert "Read version 1 instead." in gone.text
    problem = stranger.get(f"{API}/2").json()
    assert (problem["reason"], problem["replaced_by"]) == ("personal_data", 1)
    listed = stranger.get(API).json()["items"]
    assert [(one["number"], one["withdrawal"]) for one in listed] == [
        (2, "personal_data"),
        (1, None),
    ]
    assert stranger.get("/api/v1/datasets/stops/rows").status_code == 200


def test_what_names_no_version_is_not_found(city: City, browser_of: OpenBrowser) -> None:
    dataset = city.open_stops()
    visitor = browser_of()

    for reference in ("2", "0", "x", "9" * 40, "%00", "站"):
        assert visitor.get(f"/dataset/stops/versions/{reference}").status_code == 404
        assert visitor.get(f"{API}/{reference}").status_code == 404
        assert visitor.get(f"{API}/{reference}/rows").status_code == 404
    assert visitor.get("/dataset/stops/versions/compare?before=1&after=7").status_code == 404
    with city.pool.connection() as tx:
        describe.add_distribution(
            tx,
            dataset.id,
            "empty",
            distributions_of(tx, dataset)[0].title,
            by=city.publisher,
            at=city.at,
        )
    assert visitor.get(f"{API}/1?distribution=empty").status_code == 404


def with_second_table(city: City) -> None:
    """Open stops with a second table beside the first, of other columns."""
    add_lines(city, city.open_stops())


def add_lines(city: City, dataset: Dataset) -> None:
    """A second table, of other columns, beside a dataset's first."""
    with city.pool.connection() as tx:
        second = describe.add_distribution(
            tx, dataset.id, "lines", Text(zh="线路"), by=city.publisher, at=city.at
        )
    city.publish_beside(
        dataset,
        second,
        select="SELECT range AS number, '线' || range AS label FROM range(3)",
        columns=(Column("number", ColumnType.INTEGER), Column("label", ColumnType.TEXT)),
    )


def test_every_distribution_has_its_versions_on_the_page(
    city: City, browser_of: OpenBrowser
) -> None:
    with_second_table(city)
    visitor = browser_of()

    first = visitor.page("/dataset/stops/versions")
    second = visitor.page("/dataset/stops/versions?distribution=lines")
    one = visitor.page("/dataset/stops/versions/1?distribution=lines")

    assert "/dataset/stops/versions?distribution=lines" in first
    assert '<td class="number">40</td>' in first
    assert '<td class="number">3</td>' in second
    assert '<td class="number">40</td>' not in second
    assert "stops__lines@1" in one
    assert "/versions/1/rows?distribution=lines" in one
    assert "label" in one
    rows = visitor.get("/api/v1/datasets/stops/versions/1/rows?distribution=lines")
    assert rows.json()["total"] == 3
    assert visitor.get("/dataset/stops/versions?distribution=none").status_code == 404


def test_rows_columns_charts_and_quality_are_of_the_distribution_that_is_chosen(
    city: City, browser_of: OpenBrowser
) -> None:
    with_second_table(city)
    visitor, of = browser_of(), "distribution=lines"

    for tab in ("data", "columns", "quality", "explore", "use", "versions"):
        first = visitor.page(f"/dataset/stops/{tab}")
        second = visitor.page(f"/dataset/stops/{tab}?{of}")
        assert f'href="/dataset/stops/{tab}?{of}">线路' in first
        assert f'href="/dataset/stops/{tab}?{of}" aria-current="page">线路' in second
        # Whoever chose one stays there from tab to tab.
        assert f'href="/dataset/stops/quality?{of}"' in second
        assert visitor.get(f"/dataset/stops/{tab}?distribution=none").status_code == 404
    data = visitor.page(f"/dataset/stops/data?{of}")
    assert "线2" in data
    assert "站点" not in main_of(data)
    assert '<input type="hidden" name="distribution" value="lines">' in data
    by_form = visitor.get(f"/dataset/stops/data?{of}&column=number&operator=%3E%3D&value=2")
    filtered = visitor.page(by_form.headers["Location"])
    assert "1 row<" in filtered
    assert "线1" not in main_of(filtered)
    sorted_ = re.search(r'href="([^"]*sort=label[^"]*)"', data)
    assert sorted_ is not None
    assert "线2" in visitor.page(sorted_.group(1))
    file = re.search(r'href="(/api/v1/datasets/stops/download.csv[^"]*)"', data)
    assert file is not None
    assert len(visitor.get(file.group(1)).content.splitlines()) == 4
    assert "label" in main_of(visitor.page(f"/dataset/stops/columns?{of}"))
    chart = visitor.page(f"/dataset/stops/explore?{of}&kind=bars&by=label")
    assert "线2" in chart
    drawn = re.search(r'href="(/dataset/stops/explore.csv[^"]*)"', chart)
    assert drawn is not None
    assert "线2" in visitor.get(drawn.group(1)).text
    use = visitor.page(f"/dataset/stops/use?{of}")
    assert "stops__lines" in use
    report = visitor.get(f"/dataset/stops/versions/1/report?{of}")
    assert f"report.json?{of}" in report.text


def test_the_dictionary_of_another_distribution_is_written_for_itself(
    city: City, browser_of: OpenBrowser
) -> None:
    with_second_table(city)
    publisher, on = browser_of(city.publisher), "/publish/stops/columns?distribution=lines"

    kept = publisher.submit(
        "/publish/stops/columns", on=on, **{"distribution": "lines", "unit.0": "条"}
    )

    assert kept.headers["Location"] == f"{on}&done=kept"
    assert '<input type="hidden" name="distribution" value="lines">' in publisher.page(on)
    assert "条" in main_of(browser_of().page("/dataset/stops/columns?distribution=lines"))
    assert "条" not in main_of(browser_of().page("/dataset/stops/columns"))


def test_an_offer_of_the_columns_of_one_table_shows_none_of_another(
    city: City, browser_of: OpenBrowser
) -> None:
    dataset = city.publish(
        "stops", by=city.publisher, approver=city.approver, entry=entry(licence="CC-BY-4.0")
    )
    proposal = Proposal(Regime.OPEN, view=View(columns=("id",)), declared=LAWFUL)
    city.list(dataset, proposal, by=city.publisher, opener=city.approver)
    add_lines(city, dataset)
    visitor = browser_of()

    for tab in ("data", "columns", "quality", "explore", "explore/map", "use", "versions"):
        page = visitor.get(f"/dataset/stops/{tab}?distribution=lines")
        assert page.status_code < 500, page.text
        told = main_of(page.text)
        assert "label" not in told
        assert "线2" not in told
    layer = visitor.get("/api/v1/datasets/stops/map.geojson?distribution=lines")
    assert layer.status_code == 400


def test_two_versions_of_another_distribution_are_compared(
    city: City, browser_of: OpenBrowser
) -> None:
    with_second_table(city)
    with city.pool.connection() as tx:
        dataset = dataset_named(tx, "stops", by=city.publisher)
        lines = next(one for one in distributions_of(tx, dataset) if one.slug == "lines")
    city.publish_beside(
        dataset,
        lines,
        select="SELECT range AS number, '线' || range AS label, true AS runs FROM range(1, 5)",
        columns=(
            Column("number", ColumnType.INTEGER),
            Column("label", ColumnType.TEXT),
            Column("runs", ColumnType.BOOLEAN),
        ),
    )
    visitor = browser_of()
    of, pair = "distribution=lines", "compare?before=1&after=2"

    versions = visitor.page(f"/dataset/stops/versions?{of}")
    columns = main_of(visitor.page(f"/dataset/stops/versions/{pair}&{of}"))
    rows = main_of(visitor.page(f"/dataset/stops/versions/{pair}&rows=true&{of}"))
    told = visitor.get(f"{API}/2/difference?from=1&{of}").json()

    assert '<input type="hidden" name="distribution" value="lines">' in versions
    assert "Column “runs” is new." in columns
    assert "线4" in rows
    assert "线0" in rows
    assert "站点" not in rows
    assert told["columns"]["added"] == ["runs"]
    assert (told["rows"]["added"], told["rows"]["gone"]) != (0, 0)
    # The first distribution has one version, so there is nothing to compare it with.
    assert visitor.get(f"/dataset/stops/versions/{pair}").status_code == 404
    assert visitor.get(f"{API}/2/difference?from=1").status_code == 404


def test_a_version_of_another_distribution_is_withdrawn_and_the_first_stays(
    city: City, browser_of: OpenBrowser
) -> None:
    with_second_table(city)
    approver = browser_of(city.approver)

    page = "/dataset/stops/versions/1?distribution=lines"
    done = approver.submit(
        "/dataset/stops/versions/1/withdraw",
        on=page,
        reason="wrong",
        words="",
        distribution="lines",
    )

    assert done.status_code == 303
    assert done.headers["Location"] == "/dataset/stops/versions?distribution=lines"
    assert browser_of().get("/dataset/stops/versions/1?distribution=lines").status_code == 410
    assert browser_of().get("/dataset/stops/versions/1").status_code == 200
