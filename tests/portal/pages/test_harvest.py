from __future__ import annotations

import json
import re
from html import unescape
from uuid import UUID

from catalog.harvest import apply, look, undo
from catalog.harvest.run import RunId
from exchange.notices.follow_log import follow_log
from policies.database import Pool
from policies.log import sequence
from portal.wiring import Wiring
from tests.exchange.city import City
from tests.portal.pages.conftest import OpenBrowser
from tests.portal.visitor import Visitor

NEW = {
    "title_zh": "",
    "title_en": "The neighbour's catalogue",
    "kind": "data_json",
    "address": "",
    "schedule": "by_hand",
    "matching": "several_keys",
    "guard": "20",
}


def catalogue(numbers: range, scheme: str = "http") -> bytes:
    records = [
        {
            "identifier": f"{scheme}://data.example.org/datasets/number-{number}",
            "title": f"Dataset {number}",
            "description": "<p>Some <b>words</b></p>",
            "keyword": ["water"],
            "modified": "2026-01-01",
            "accessLevel": "public",
            "publisher": {"name": "Neighbour"},
            "contactPoint": {"fn": "Desk", "hasEmail": "mailto:desk@example.org"},
            "distribution": [
                {"downloadURL": f"{scheme}://data.example.org/{number}.csv", "format": "CSV"}
            ],
        }
        for number in numbers
    ]
    return json.dumps({"dataset": records}).encode()


def set_up(visitor: Visitor) -> str:
    """A new source; says its address."""
    answer = visitor.submit("/publish/harvest/new", on="/publish/harvest/new", **NEW)
    assert answer.status_code == 303, unescape(answer.text)
    return str(answer.headers["Location"].partition("?")[0])


def send(visitor: Visitor, source: str, content: bytes) -> None:
    answer = visitor.post(
        f"{source}/file",
        data={"csrf_token": visitor.form_token(source)},
        files={"file": ("data.json", content)},
    )
    assert answer.headers["Location"] == f"{source}?done=sent"


def work(wiring: Wiring, pool: Pool, run: str) -> None:
    """What the worker does about a run."""
    run_id = RunId(UUID(run.rpartition("/")[2]))
    look.look(pool, wiring.folders.blobs, run_id, allowed=(), now=wiring.now)
    while apply.apply(pool, run_id, seconds_max=60, now=wiring.now):
        pass
    while undo.undo(pool, run_id, seconds_max=60, now=wiring.now):
        pass


def dry_run(visitor: Visitor, wiring: Wiring, source: str, **how: str) -> str:
    answer = visitor.submit(f"{source}/look", on=source, **how)
    assert answer.status_code == 303, unescape(answer.text)
    run = str(answer.headers["Location"])
    work(wiring, wiring.pool, run)
    return run


def figure(page: str, name: str) -> str:
    found = re.search(rf"<dt>{name}</dt><dd>([^<]*)</dd>", page)
    assert found is not None, f"no figure {name}"
    return found.group(1)


def test_a_source_is_set_up_approved_by_another_looked_at_applied_and_undone(
    city: City, wiring: Wiring, browser_of: OpenBrowser
) -> None:
    publisher, approver = browser_of(city.publisher), browser_of(city.approver)
    source = set_up(publisher)
    send(publisher, source, catalogue(range(1, 11)))

    run = dry_run(publisher, wiring, source)

    page = publisher.page(run)
    assert "Dry run ready" in page
    assert figure(page, "New") == "10"
    assert "An approver has to approve the source" in page
    refused = publisher.submit(f"{run}/apply", on=source)
    assert refused.status_code == 409

    assert approver.submit(f"{source}/approve", on=source).status_code == 303
    applied = publisher.submit(f"{run}/apply", on=run)
    assert applied.headers["Location"] == run
    assert "0 of 10 records" in publisher.page(run)
    work(wiring, wiring.pool, run)

    assert "Applied" in publisher.page(run)
    assert "Dataset 7" in publisher.page("/dataset/dataset-7")

    send(publisher, source, catalogue(range(2, 12), "https"))
    second = dry_run(publisher, wiring, source)
    page = publisher.page(second)
    assert (figure(page, "New"), figure(page, "Gone"), figure(page, "Changed")) == ("1", "1", "9")
    assert "Addresses moved to https in 9 records." in page
    strict = publisher.page(dry_run(publisher, wiring, source, matching="strict"))
    assert "100 % of records would vanish: 10 of 10." in strict

    publisher.submit(f"{second}/apply", on=second)
    work(wiring, wiring.pool, second)
    assert publisher.page("/dataset/dataset-1", status=200)
    assert browser_of(None).get("/dataset/dataset-1").status_code == 404

    publisher.submit(f"{second}/undo", on=second)
    work(wiring, wiring.pool, second)
    assert "Undone" in publisher.page(second)
    assert browser_of(None).get("/dataset/dataset-1").status_code == 200
    with wiring.pool.connection() as tx:
        sequence(tx)
    with wiring.pool.connection() as tx:
        follow_log(tx, at=wiring.now())
    # Told with each run, not with each of its records; never of one's own act.
    notices = approver.page("/notices")
    places = {
        approver.get(place).headers["Location"]
        for place in re.findall(r'href="(/notices/[^"/]+)">[^<]*(?:harvest|catalogue)', notices)
    }
    assert places == {run, second}
    assert notices.count("Records of another catalogue were taken in.") == 2
    assert notices.count("A harvest was undone; its records are as before.") == 1
    assert "is published." not in notices
    assert "was withdrawn" not in notices
    assert "catalogue were taken in." not in publisher.page("/notices")
    log = publisher.page(source)
    assert "Undone: 11 records as before" in log
    assert "The guard stood: 10 of 10 records would vanish" in log


def test_whoever_set_a_source_up_does_not_approve_it_and_others_do_not_see_it(
    city: City, browser_of: OpenBrowser
) -> None:
    publisher = browser_of(city.publisher)
    source = set_up(publisher)

    assert publisher.submit(f"{source}/approve", on=source).status_code == 403
    assert browser_of(city.buyer).get(source).status_code == 404
    assert browser_of(None).get(source).status_code in (303, 401)


def test_what_is_wrong_with_a_source_is_said_beside_what_was_typed(
    city: City, browser_of: OpenBrowser
) -> None:
    publisher = browser_of(city.publisher)

    for wrong, field in (
        ({"title_en": ""}, "title_zh"),
        ({"kind": "gopher"}, "kind"),
        ({"address": "file:///etc/passwd"}, "address"),
        ({"address": "https://user:secret@example.org/"}, "address"),
        ({"kind": "ckan"}, "address"),
        ({"guard": "130"}, "guard"),
        ({"kind": "csv_manifest", "encoding": "a\nb"}, "encoding"),
    ):
        answer = publisher.submit(
            "/publish/harvest/new", on="/publish/harvest/new", **{**NEW, **wrong}
        )

        assert answer.status_code == 422, wrong
        assert f'href="#field-{field}"' in answer.text, wrong


def test_a_file_that_is_no_catalogue_fails_the_run_and_says_why(
    city: City, wiring: Wiring, browser_of: OpenBrowser
) -> None:
    publisher = browser_of(city.publisher)
    source = set_up(publisher)
    send(publisher, source, b"\x00\x01 not JSON")

    run = dry_run(publisher, wiring, source)

    page = publisher.page(run)
    assert "The run failed; nothing was changed by it" in page
    assert "This could not be read as data.json" in page
