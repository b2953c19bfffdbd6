from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from catalog import blobs, ingest
from catalog.version import UploadId
from portal import incoming_file
from portal.wiring import Wiring
from tests.catalog.conftest import Zygote, zygote  # noqa: F401  a fixture
from tests.portal.api.test_datasets import STOPS, Site

PLACE = "/api/v1/datasets/bus-stops/distributions/data/uploads"
CONTENT = "id,站名\n1,东华门\n".encode()


@pytest.fixture
def site(wiring: Wiring) -> Site:
    made = Site(wiring)
    assert made.publisher.post("/api/v1/datasets", json=STOPS).status_code == 201
    return made


def jobs_of(site: Site) -> list[dict[str, object]]:
    with site.wiring.pool.connection() as tx:
        rows = tx.execute(
            "SELECT task_name, args FROM jobs.procrastinate_jobs WHERE task_name = 'ingest'"
        )
        return [dict(row) for row in rows]


def blobs_of(site: Site) -> list[Path]:
    return [path for path in site.wiring.folders.blobs.folder.rglob("*") if path.is_file()]


def test_a_body_is_taken_in_and_its_reading_asked_for(site: Site) -> None:
    answer = site.publisher.post(f"{PLACE}?file_name=站点.csv", content=CONTENT)

    assert answer.status_code == 202, answer.text
    body = answer.json()
    assert (body["state"], body["file_name"]) == ("queued", "站点.csv")
    assert body["sha256"] == hashlib.sha256(CONTENT).hexdigest()
    assert [job["args"] for job in jobs_of(site)] == [{"upload_id": body["id"]}]
    assert site.publisher.get(f"/api/v1/uploads/{body['id']}").json() == body


def test_a_form_and_a_put_give_the_same(site: Site) -> None:
    form = site.publisher.post(PLACE, files={"file": ("a.csv", CONTENT, "text/csv")})
    put = site.publisher.put(f"{PLACE}/a.csv", content=CONTENT)

    assert form.status_code == put.status_code == 202, form.text + put.text
    assert form.json()["sha256"] == put.json()["sha256"] == hashlib.sha256(CONTENT).hexdigest()
    assert form.json()["file_name"] == put.json()["file_name"] == "a.csv"
    assert len(blobs_of(site)) == 1


def test_a_large_file_arrives_in_pieces_byte_for_byte(site: Site) -> None:
    def pieces() -> Iterator[bytes]:
        for number in range(50):
            yield str(number).encode() * 50_000

    content = b"".join(pieces())
    raw = site.publisher.post(PLACE, content=pieces())
    form = site.publisher.post(PLACE, files={"file": ("a.csv", content, "text/csv")})

    assert raw.json()["sha256"] == form.json()["sha256"] == hashlib.sha256(content).hexdigest()


def test_one_key_is_one_upload(site: Site) -> None:
    headers = {"Idempotency-Key": "k-1"}

    first = site.publisher.post(PLACE, content=CONTENT, headers=headers)
    again = site.publisher.post(PLACE, content=CONTENT, headers=headers)
    other = site.publisher.post(PLACE, content=CONTENT + b"2,x\n", headers=headers)

    assert first.json()["id"] == again.json()["id"]
    assert other.status_code == 409, other.text
    assert len(jobs_of(site)) == 1


def test_a_file_beyond_the_bound_leaves_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incoming_file, "INCOMING_BYTES_MAX", 10)

    answer = site.publisher.post(PLACE, content=CONTENT)

    assert (answer.status_code, answer.json()["code"]) == (413, "file-too-large")
    assert blobs_of(site) == []


def test_the_bound_holds_without_a_length_too(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        incoming_file, "ArrivingBlob", lambda folder: blobs.ArrivingBlob(folder, size_bytes_max=10)
    )

    raw = site.publisher.post(PLACE, content=iter([CONTENT]))
    form = site.publisher.post(PLACE, files={"file": ("a.csv", CONTENT, "text/csv")})

    assert raw.status_code == form.status_code == 413, raw.text + form.text
    assert blobs_of(site) == []


@pytest.mark.parametrize(
    ("content", "headers", "code"),
    [
        (b"", {}, "file-missing"),
        (b"x", {"Content-Encoding": "gzip"}, "body-compressed"),
        (b"x", {"Content-Type": "multipart/form-data"}, "malformed-form"),
        (b"x", {"Content-Type": "multipart/form-data; boundary=a"}, "malformed-form"),
        (b"--a--\r\n", {"Content-Type": "multipart/form-data; boundary=a"}, "file-missing"),
        (
            b'--a\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nid',
            {"Content-Type": "multipart/form-data; boundary=a"},
            "file-missing",
        ),
        (
            b'--a\r\nContent-Disposition: form-data; name="colour"\r\n\r\nred\r\n--a--\r\n',
            {"Content-Type": "multipart/form-data; boundary=a"},
            "file-missing",
        ),
    ],
)
def test_a_request_without_a_whole_file_is_refused(
    site: Site, content: bytes, headers: dict[str, str], code: str
) -> None:
    answer = site.publisher.post(PLACE, content=content, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert blobs_of(site) == []
    assert jobs_of(site) == []


def test_two_files_in_one_form_are_refused(site: Site) -> None:
    answer = site.publisher.post(
        PLACE, files=[("file", ("a.csv", b"id\n1\n")), ("file", ("b.csv", b"id\n1\n"))]
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed-form")


def test_a_file_name_is_never_a_path(site: Site) -> None:
    answer = site.publisher.post(PLACE, files={"file": ("../../etc/passwd", CONTENT, "text/csv")})

    assert answer.json()["file_name"] == "passwd"


def test_others_send_nothing_and_learn_nothing(site: Site) -> None:
    sent = site.publisher.post(PLACE, content=CONTENT).json()

    assert site.anybody.post(PLACE, content=CONTENT).status_code == 401
    assert site.approver.post(PLACE, content=CONTENT).status_code == 403
    assert site.anybody.get(f"/api/v1/uploads/{sent['id']}").status_code == 401
    assert site.client("chief").get(f"/api/v1/uploads/{sent['id']}").status_code == 404


def test_a_failed_reading_says_why_in_the_callers_language(site: Site) -> None:
    sent = site.publisher.post(PLACE, content=CONTENT).json()
    with site.wiring.pool.connection() as tx:
        tx.execute(
            """
            UPDATE catalog.uploads
               SET state = 'failed', failure = '{"code": "QuoteLeftOpen", "facts": {"line": 7}}'
            """
        )

    failure = site.publisher.get(
        f"/api/v1/uploads/{sent['id']}", headers={"Accept-Language": "zh"}
    ).json()["failure"]

    assert (failure["code"], failure["facts"]) == ("quote-left-open", {"line": 7})
    assert "7" in failure["detail"]
    assert "引号" in failure["detail"]


def read_in(site: Site, started: Zygote, upload_id: str) -> dict[str, object]:
    """The upload after the worker has read it."""
    wiring = site.wiring
    ingest.ingest(
        wiring.pool,
        started.confinement,
        wiring.folders,
        UploadId(UUID(upload_id)),
        now=wiring.now,
    )
    body: dict[str, object] = site.publisher.get(f"/api/v1/uploads/{upload_id}").json()
    return body


def test_rows_are_appended_and_updated_by_key_over_every_door(
    site: Site,
    zygote: Zygote,  # noqa: F811  the fixture
) -> None:
    first = site.publisher.post(f"{PLACE}?file_name=a.csv", content=CONTENT).json()
    assert first["way"] == "replace"
    assert read_in(site, zygote, first["id"])["change"] is None

    put = site.publisher.put(f"{PLACE}/b.csv?way=append", content="id,站名\n2,西单\n".encode())
    appended = read_in(site, zygote, put.json()["id"])
    early = site.publisher.post(
        PLACE, files={"file": ("c.csv", CONTENT, "text/csv")}, data={"way": "upsert"}
    )
    key = site.publisher.patch(PLACE.removesuffix("/uploads"), json={"key_columns": ["id"]})
    form = site.publisher.post(
        PLACE,
        files={"file": ("c.csv", "id,站名\n1,东华门\n2,北海\n3,天桥\n".encode(), "text/csv")},
        data={"way": "upsert"},
    )
    updated = read_in(site, zygote, form.json()["id"])
    told = f"filename {b64encode(b'd.csv').decode()},way {b64encode(b'append').decode()}"
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "9", "Upload-Metadata": told}
    tus = site.publisher.post(PLACE.replace("uploads", "resumable-uploads"), headers=headers)
    last = site.publisher.patch(
        tus.headers["Location"],
        content="id,站名".encode(),
        headers={
            "Tus-Resumable": "1.0.0",
            "Upload-Offset": "0",
            "Content-Type": "application/offset+octet-stream",
        },
    )

    assert (put.json()["way"], appended["state"]) == ("append", "ingested")
    assert early.status_code == 400, early.text
    assert early.json()["type"].endswith("key-undeclared")
    assert key.status_code == 200
    assert updated["change"] == {
        "base_number": 2,
        "added": 1,
        "changed": 1,
        "unchanged": 1,
        "removed": 0,
        "key": ["id"],
        "columns_added": [],
        "columns_removed": [],
    }
    assert site.publisher.get(last.headers["Content-Location"]).json()["way"] == "append"


def test_an_unknown_way_is_refused(site: Site) -> None:
    assert site.publisher.put(f"{PLACE}/b.csv?way=merge", content=CONTENT).status_code == 422
    files = {"file": ("c.csv", CONTENT, "text/csv")}
    assert site.publisher.post(PLACE, files=files, data={"way": "merge"}).status_code == 400
    told = f"way {b64encode(b'merge').decode()}"
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "9", "Upload-Metadata": told}
    place = PLACE.replace("uploads", "resumable-uploads")
    assert site.publisher.post(place, headers=headers).status_code == 400
