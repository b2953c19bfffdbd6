"""Files that are no tables: kept as they came, published without a rating, handed out as files."""

from __future__ import annotations

import hashlib
import json
from uuid import UUID

import pytest
from httpx import Response

from catalog import find, ingest
from catalog.version import UploadId
from policies import freeze
from policies.freeze_order import FreezeTarget
from policies.identity.authenticate import actor_of_user
from policies.identity.people import user_named
from policies.party import OrganizationKind, Role
from portal.wiring import Wiring
from tests.catalog.city import judge
from tests.catalog.conftest import Zygote, zygote  # noqa: F401  a fixture
from tests.people import acting, found
from tests.portal.api.test_datasets import STOPS, Site

PLACE = "/api/v1/datasets/bus-stops/distributions/data/uploads"
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj<<>>endobj\n%%EOF\n"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


class Desk:
    """A publisher's desk where files are read as the worker reads them."""

    def __init__(self, wiring: Wiring, started: Zygote) -> None:
        self.site, self.started = Site(wiring), started

    def register(self, **other: object) -> None:
        made = self.site.publisher.post("/api/v1/datasets", json={**STOPS, **other})
        assert made.status_code == 201, made.text

    def send(self, content: bytes, file_name: str, way: str = "replace") -> dict[str, object]:
        place = f"{PLACE}?file_name={file_name}&way={way}"
        sent = self.site.publisher.post(place, content=content)
        assert sent.status_code == 202, sent.text
        wiring, upload_id = self.site.wiring, UploadId(UUID(sent.json()["id"]))
        ingest.ingest(
            wiring.pool, self.started.confinement, wiring.folders, upload_id, now=wiring.now
        )
        told: dict[str, object] = self.site.publisher.get(f"/api/v1/uploads/{upload_id}").json()
        return told

    def publish(self) -> None:
        for person, act in ((self.site.publisher, "submit"), (self.site.approver, "publish")):
            done = person.post(f"/api/v1/datasets/bus-stops/{act}")
            assert done.status_code == 200, done.text

    def resource(self) -> dict[str, object]:
        shown = self.site.publisher.get("/api/3/action/package_show?id=bus-stops").json()
        found: dict[str, object] = shown["result"]["resources"][0]
        return found

    def download(self, **headers: str) -> Response:
        place = str(self.resource()["url"]).split("/", 3)[3]
        answer: Response = self.site.anybody.get(f"/{place}", headers=headers)
        return answer


@pytest.fixture
def desk(wiring: Wiring, zygote: Zygote) -> Desk:  # noqa: F811  the fixture
    return Desk(wiring, zygote)


def test_a_pdf_is_kept_published_unrated_and_told_of_on_every_face(desk: Desk) -> None:
    desk.register()

    sent = desk.send(PDF, "站点图.pdf")
    before = desk.download()
    desk.publish()
    after = desk.download()

    assert (sent["state"], sent["failure"]) == ("kept", None)
    assert before.status_code in (403, 404)
    assert after.status_code == 200
    assert after.content == PDF
    assert after.headers["Content-Type"] == "application/pdf"
    assert after.headers["X-Content-Type-Options"] == "nosniff"
    assert after.headers["Content-Disposition"].startswith("attachment")
    assert desk.download(Range="bytes=0-3").content == PDF[:4]
    resource = desk.resource()
    assert (resource["mimetype"], resource["format"]) == ("application/pdf", "PDF")
    assert (resource["size"], resource["datastore_active"]) == (len(PDF), False)
    anybody = desk.site.anybody
    graph = anybody.get("/dataset/bus-stops.ttl").text
    assert f"{resource['id']}/download/" in graph
    assert "application/pdf" in graph
    assert hashlib.sha256(PDF).hexdigest() in graph
    (packaged,) = anybody.get("/dataset/bus-stops/datapackage.json").json()["resources"]
    assert (packaged["mediatype"], packaged["bytes"]) == ("application/pdf", len(PDF))
    page = anybody.get("/dataset/bus-stops").text
    assert "It is a document and no table. It is not rated." in page
    assert f"/resource/{resource['id']}/download" in page
    told = json.dumps(anybody.get("/data.json").json())
    assert '"mediaType": "application/pdf"' in told


@pytest.mark.parametrize(("content", "name"), [(SVG, "a.svg"), (b"<html><script>", "a.html")])
def test_what_could_run_is_only_ever_saved(desk: Desk, content: bytes, name: str) -> None:
    desk.register()
    assert desk.send(content, name)["state"] == "kept"
    desk.publish()

    answer = desk.download()

    assert answer.content == content
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_document_that_is_not_open_leaves_to_nobody_else(desk: Desk) -> None:
    desk.register(grade=2, open_type="conditional")
    desk.send(PDF, "a.pdf")
    desk.publish()

    refused = desk.download()

    assert refused.status_code in (401, 403, 404), refused.text
    assert (
        desk.site.publisher.get("/" + str(desk.resource()["url"]).split("/", 3)[3]).content == PDF
    )
    assert "/download/" not in desk.site.anybody.get("/dataset/bus-stops.ttl").text
    assert f"/resource/{desk.resource()['id']}/download" not in (
        desk.site.anybody.get("/dataset/bus-stops").text
    )


def test_a_document_never_takes_the_place_of_a_table(desk: Desk) -> None:
    desk.register()
    first = desk.send(PDF, "a.pdf")
    table = desk.send(b"id,name\n1,a\n", "a.csv")
    refused = desk.send(PDF, "a.pdf")
    added = desk.send(PDF, "a.pdf", way="append")

    assert (first["state"], table["state"]) == ("kept", "ingested")
    for one in (refused, added):
        assert one["state"] == "failed"
        failure = one["failure"]
        assert isinstance(failure, dict)
        assert failure["code"] == "no-table"
        assert "PDF" in failure["detail"]
    assert desk.resource()["mimetype"] != "application/pdf"


def test_a_published_document_is_exchanged_once_somebody_approved_the_other(desk: Desk) -> None:
    desk.register()
    desk.send(PDF, "a.pdf")
    desk.publish()

    other = desk.send(PDF + b"%", "b.pdf")
    unseen, graph = desk.download().content, desk.site.anybody.get("/dataset/bus-stops.ttl").text
    desk.publish()

    assert other["state"] == "kept"
    assert unseen == PDF
    assert hashlib.sha256(PDF + b"%").hexdigest() not in graph
    assert desk.download().content == PDF + b"%"
    assert hashlib.sha256(PDF + b"%").hexdigest() in (
        desk.site.anybody.get("/dataset/bus-stops.ttl").text
    )


def test_a_withdrawn_document_gives_way_to_the_one_before_and_to_none(desk: Desk) -> None:
    desk.register()
    for content in (PDF, PDF + b"%"):
        desk.send(content, "a.pdf")
        desk.publish()
    approver, place = desk.site.approver, "/api/v1/datasets/bus-stops/versions"
    address = "/" + str(desk.resource()["url"]).split("/", 3)[3]

    answers = []
    for number in (2, 1):
        done = approver.post(f"{place}/{number}/withdraw", json={"reason": "personal_data"})
        assert done.status_code == 200, done.text
        answers.append(desk.site.anybody.get(address))

    assert answers[0].content == PDF
    assert answers[1].status_code == 404, answers[1].text
    graph = desk.site.anybody.get("/dataset/bus-stops.ttl").text
    assert hashlib.sha256(PDF).hexdigest() not in graph
    again = desk.send(PDF + b"%%", "c.pdf")
    desk.publish()
    assert (again["state"], desk.download().content) == ("kept", PDF + b"%%")


def test_the_file_of_a_withdrawn_version_leaves_by_no_door_and_its_bytes_stay(desk: Desk) -> None:
    desk.register()
    publisher, approver, anybody = desk.site.publisher, desk.site.approver, desk.site.anybody
    file = b"id,name\n1,secret\n"
    sent = publisher.post(
        "/api/3/action/resource_create",
        data={"package_id": "bus-stops", "name": "stops", "format": "CSV"},
        files={"upload": ("stops.csv", file, "text/csv")},
    )
    assert sent.status_code == 200, sent.text
    resource, wiring = sent.json()["result"], desk.site.wiring
    with wiring.pool.connection() as tx:
        upload = tx.execute(
            "SELECT id FROM catalog.uploads WHERE distribution_id = %s", [resource["id"]]
        ).fetchone()
    assert upload is not None
    made = ingest.ingest(
        wiring.pool, desk.started.confinement, wiring.folders, upload["id"], now=wiring.now
    )
    assert made is not None
    with wiring.pool.connection() as tx:
        judge(tx, made)
    desk.publish()
    address = "/" + resource["url"].split("/", 3)[3]
    before = anybody.get(address)

    slug = next(
        one["slug"]
        for one in publisher.get("/api/v1/datasets/bus-stops").json()["distributions"]
        if one["id"] == resource["id"]
    )
    done = approver.post(
        f"/api/v1/datasets/bus-stops/versions/{made.number}/withdraw",
        json={"reason": "personal_data", "distribution": slug},
    )

    assert before.content == file
    assert done.status_code == 200, done.text
    for person in (anybody, approver, publisher):
        for place in (
            address,
            f"/api/v1/datasets/bus-stops/download.csv?distribution={slug}",
            f"/api/v1/datasets/bus-stops/versions/1/download.csv?distribution={slug}",
            f"/api/v1/datasets/bus-stops/versions/1/rows?distribution={slug}",
            f"/api/v1/datasets/bus-stops/rows?distribution={slug}&version={made.digest}",
            f"/dataset/bus-stops/versions/1?distribution={slug}",
            f"/datastore/dump/{resource['id']}",
            f"/api/3/action/datastore_search?resource_id={resource['id']}",
        ):
            answer = person.get(place)
            assert answer.status_code in (404, 410), (place, answer.status_code, answer.text)
            assert "secret" not in answer.text
        asked = person.post("/api/v1/query", json={"sql": f'SELECT * FROM "{resource["id"]}@1"'})
        assert asked.status_code in (404, 410), asked.text
    with wiring.pool.connection() as tx:
        row = tx.execute(
            "SELECT removed_at FROM catalog.blobs WHERE sha256 = %s",
            [hashlib.sha256(file).hexdigest()],
        ).fetchone()
    assert row is not None
    assert row["removed_at"] is None


@pytest.mark.parametrize("kept_from", ["dataset", "organization"])
def test_no_file_leaves_from_the_moment_of_a_freeze(desk: Desk, kept_from: str) -> None:
    desk.register()
    desk.send(PDF, "a.pdf")
    raw = desk.site.publisher.post(
        "/api/3/action/resource_create",
        data={"package_id": "bus-stops", "name": "stops", "format": "CSV"},
        files={"upload": ("stops.csv", b"id,name\n1,a\n", "text/csv")},
    )
    desk.publish()
    wiring, site = desk.site.wiring, desk.site
    with wiring.pool.connection() as tx:
        publisher = actor_of_user(tx, user_named(tx, "li.wei"))
        dataset = find.dataset_named(tx, "bus-stops", by=publisher)
        bureau = found(tx, "regulator", OrganizationKind.REGULATOR)
        regulator = acting(tx, "jian", (Role.REGULATOR, bureau))
    places = ["/" + str(desk.resource()["url"]).split("/", 3)[3]]
    places.append("/" + raw.json()["result"]["url"].split("/", 3)[3])
    document = "/api/v1/datasets/bus-stops/document"
    assert site.publisher.get(places[1]).content == b"id,name\n1,a\n"
    assert site.anybody.get(places[0]).content == PDF
    assert site.publisher.get(document).content == PDF

    with wiring.pool.connection() as tx:
        freeze.place(
            tx,
            FreezeTarget(kept_from),
            dataset.id if kept_from == "dataset" else dataset.publisher_id,
            reason="leak",
            by=regulator,
            at=wiring.now(),
        )

    for place in (*places, document):
        for person in (site.publisher, site.approver, site.anybody):
            refused = person.get(place)
            assert refused.status_code in (401, 403, 404), (place, refused.text)
            assert PDF not in refused.content
    for place in places:
        told = site.publisher.get(place)
        assert (told.status_code, told.json()["code"]) == (403, "file-stopped")
    assert site.anybody.get(places[0]).json()["code"] == "file-stopped"
