from __future__ import annotations

import base64
import hashlib
import socket
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from httpx import Response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.arrivals import arrival as bounds
from catalog.arrivals import arrive, pieces
from catalog.blobs import UPLOAD_BYTES_MAX, store_blob
from portal.api.v1 import resumable
from portal.wiring import Wiring
from tests.browser.serving import serving
from tests.counts import examples
from tests.portal.api.test_datasets import STOPS, Site
from tests.portal.api.test_uploads import blobs_of, jobs_of
from tests.portal.visitor import Clock, api_token

PLACE = "/api/v1/datasets/bus-stops/distributions/data/resumable-uploads"
TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {**TUS, "Content-Type": "application/offset+octet-stream"}
CONTENT = "id,站名\n".encode() + b"".join(b"%d,a\n" % row for row in range(300))


@pytest.fixture
def site(wiring: Wiring) -> Site:
    made = Site(wiring)
    assert made.publisher.post("/api/v1/datasets", json=STOPS).status_code == 201
    return made


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def begun(site: Site, size: int = len(CONTENT), **metadata: str) -> Response:
    told = {"filename": "站点.csv", **metadata}
    header = ",".join(f"{name} {base64_of(value)}" for name, value in told.items())
    headers = {**TUS, "Upload-Length": str(size), "Upload-Metadata": header}
    answer: Response = site.publisher.post(PLACE, headers=headers)
    return answer


def begin(site: Site, **metadata: str) -> str:
    answer = begun(site, len(CONTENT), **metadata)
    assert answer.status_code == 201, answer.text
    return answer.headers["Location"]


def add(site: Site, address: str, first: int, content: bytes, **headers: str) -> Response:
    answer: Response = site.publisher.patch(
        address, content=content, headers={**PIECE, "Upload-Offset": str(first), **headers}
    )
    return answer


def offset(site: Site, address: str) -> int:
    answer = site.publisher.head(address, headers=TUS)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    return int(answer.headers["Upload-Offset"])


def uploads(site: Site) -> int:
    with site.wiring.pool.connection() as tx:
        row = tx.execute("SELECT count(*) AS n FROM catalog.uploads").fetchone()
    assert row is not None
    return int(row["n"])


def left_over(site: Site) -> list[str]:
    """Files of pieces that lie about."""
    return [str(path) for path in blobs_of(site) if "pieces" in path.parts]


def test_pieces_become_one_upload_with_all_bytes(site: Site) -> None:
    address = begin(site)

    first = add(site, address, 0, CONTENT[:700])
    last = add(site, address, 700, CONTENT[700:])

    assert (first.status_code, first.headers["Upload-Offset"]) == (204, "700")
    assert "Content-Location" not in first.headers
    assert (last.status_code, last.headers["Upload-Offset"]) == (204, str(len(CONTENT)))
    body = site.publisher.get(last.headers["Content-Location"]).json()
    assert (body["state"], body["file_name"]) == ("queued", "站点.csv")
    assert body["sha256"] == hashlib.sha256(CONTENT).hexdigest()
    assert [job["args"] for job in jobs_of(site)] == [{"upload_id": body["id"]}]
    assert left_over(site) == []
    assert site.publisher.get(address).json()["upload_id"] == body["id"]


CUTS = st.lists(
    st.tuples(
        st.integers(0, len(CONTENT)),
        st.sampled_from(["none", "sha256", "sha1", "wrong digest", "twice", "elsewhere"]),
    ),
    max_size=12,
)


@settings(
    max_examples=examples(12, long=200),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(cuts=CUTS, salt=st.binary(min_size=4, max_size=8))
def test_however_a_file_is_cut_and_sent_again_it_arrives_once_and_whole(
    site: Site, cuts: list[tuple[int, str]], salt: bytes
) -> None:
    before = uploads(site)
    # The bytes of the newest file make no second upload, so an example that comes again differs.
    own = f"{salt.hex()}-{before}"
    content = CONTENT + own.encode() + b",b\n"
    address = begun(site, len(content), fingerprint=own).headers["Location"]
    here = offset(site, address)

    for length, how in [*cuts, (len(content), "none")]:
        piece = content[here : here + length]
        headers = {}
        if how in ("sha256", "sha1", "wrong digest"):
            kind = "sha1" if how == "sha1" else "sha256"
            told = piece if how != "wrong digest" else piece + b"x"
            digest = base64.b64encode(hashlib.new(kind, told).digest()).decode()
            headers["Upload-Checksum"] = f"{kind} {digest}"
        sent = add(site, address, here + (7 if how == "elsewhere" else 0), piece, **headers)
        if how == "wrong digest":
            assert sent.status_code == 460
        elif how == "elsewhere":
            assert sent.status_code == 409
        else:
            assert sent.status_code == 204, sent.text
            here += len(piece)
        if how == "twice" and piece:
            assert add(site, address, here - len(piece), piece).status_code == 409
        assert offset(site, address) == here

    assert here == len(content)
    upload_id = site.publisher.get(address).json()["upload_id"]
    told = site.publisher.get(f"/api/v1/uploads/{upload_id}").json()
    assert told["sha256"] == hashlib.sha256(content).hexdigest()
    assert uploads(site) == before + 1
    assert left_over(site) == []


def test_what_came_before_the_line_broke_is_kept(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resumable, "PIECE_BYTES", 100)
    address = begin(site)
    head = [
        f"PATCH {address} HTTP/1.1",
        "Host: testserver",
        f"Authorization: Bearer {api_token(site.wiring)}",
        f"Content-Length: {len(CONTENT)}",
        *(f"{name}: {value}" for name, value in {**PIECE, "Upload-Offset": "0"}.items()),
    ]

    with serving(site.app) as server:
        place = urlsplit(server)
        line = socket.create_connection((place.hostname, place.port))
        line.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + CONTENT[:500])
        while offset(site, address) < 500:
            pass
        line.close()

    assert offset(site, address) == 500
    assert add(site, address, 500, CONTENT[500:]).status_code == 204
    assert uploads(site) == 1


def test_a_kill_between_the_last_piece_and_the_upload_loses_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = begin(site)
    with monkeypatch.context() as patched:
        patched.setattr(resumable, "finished", _killed)
        with pytest.raises(_KilledError):
            add(site, address, 0, CONTENT)
    assert uploads(site) == 0

    assert offset(site, address) == len(CONTENT)

    assert uploads(site) == 1
    assert offset(site, address) == len(CONTENT)
    assert (uploads(site), len(jobs_of(site)), left_over(site)) == (1, 1, [])


class _KilledError(BaseException):
    pass


def _killed(*_: object) -> None:
    raise _KilledError


def test_the_same_file_sent_twice_has_one_effect(site: Site) -> None:
    first = add(site, begin(site), 0, CONTENT)
    second = add(site, begin(site), 0, CONTENT)
    other = add(site, begun(site, 5).headers["Location"], 0, b"id\n1\n")

    assert first.headers["Content-Location"] == second.headers["Content-Location"]
    assert other.headers["Content-Location"] != first.headers["Content-Location"]
    assert (uploads(site), len(jobs_of(site))) == (2, 2)


def test_another_browser_goes_on_with_what_was_begun(site: Site) -> None:
    address = begin(site, fingerprint="abc")
    add(site, address, 0, CONTENT[:400])

    again = begun(site, fingerprint="abc")
    other = begun(site, fingerprint="abd")

    assert (again.headers["Location"], again.headers["Upload-Offset"]) == (address, "400")
    assert other.headers["Location"] != address
    assert other.headers["Upload-Offset"] == "0"


def test_a_held_file_waits_to_be_looked_at(site: Site) -> None:
    sent = add(site, begin(site, hold=""), 0, CONTENT)

    assert site.publisher.get(sent.headers["Content-Location"]).json()["state"] == "held"
    assert jobs_of(site) == []


def test_only_its_sender_reaches_a_file_on_its_way(site: Site) -> None:
    address = begin(site)

    for other in (site.approver, site.client("chief")):
        assert other.head(address, headers=TUS).status_code == 404
        refused = other.patch(address, content=b"x", headers={**PIECE, "Upload-Offset": "0"})
        assert refused.status_code == 404
        assert other.delete(address, headers=TUS).status_code == 404
    assert site.approver.post(PLACE, headers={**TUS, "Upload-Length": "5"}).status_code == 403
    assert site.anybody.head(address, headers=TUS).status_code == 401
    assert site.anybody.post(PLACE, headers={**TUS, "Upload-Length": "5"}).status_code == 401


def test_the_protocol_is_told_and_other_versions_are_refused(site: Site) -> None:
    told = site.publisher.options(PLACE)
    old = site.publisher.post(PLACE, headers={"Tus-Resumable": "0.2.2", "Upload-Length": "5"})

    assert told.status_code == 204
    assert told.headers["Tus-Max-Size"] == str(UPLOAD_BYTES_MAX)
    assert {"creation", "checksum", "expiration"} <= set(told.headers["Tus-Extension"].split(","))
    assert (old.status_code, old.headers["Tus-Version"]) == (412, "1.0.0")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Upload-Length": "0"}, 400),
        ({"Upload-Length": "-1"}, 400),
        ({"Upload-Length": "²"}, 400),
        ({"Upload-Length": "9" * 40}, 400),
        ({}, 422),
        ({"Upload-Length": str(UPLOAD_BYTES_MAX + 1)}, 413),
        ({"Upload-Length": "5", "Upload-Metadata": "filename !!"}, 400),
        ({"Upload-Length": "5", "Upload-Metadata": "filename /w=="}, 400),
        ({"Upload-Length": "5", "Upload-Metadata": "x" * 9000}, 422),
    ],
)
def test_what_is_no_beginning_is_refused(site: Site, headers: dict[str, str], status: int) -> None:
    encoded = {name: value.encode() for name, value in {**TUS, **headers}.items()}
    answer = site.publisher.post(PLACE, headers=encoded)

    assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    ("headers", "content", "status"),
    [
        ({"Upload-Offset": "x"}, b"1", 400),
        ({"Upload-Offset": "1"}, b"1", 409),
        ({"Upload-Offset": "0", "Content-Type": "text/plain"}, b"1", 415),
        ({"Upload-Offset": "0", "Content-Encoding": "gzip"}, b"1", 400),
        ({"Upload-Offset": "0", "Upload-Checksum": "crc32 AAAA"}, b"1", 400),
        ({"Upload-Offset": "0", "Upload-Checksum": "sha256 ???"}, b"1", 400),
        ({"Upload-Offset": "0"}, CONTENT + b"more", 400),
    ],
)
def test_what_is_no_piece_leaves_the_file_as_it_is(
    site: Site, headers: dict[str, str], content: bytes, status: int
) -> None:
    address = begin(site)

    answer = add(site, address, 0, content, **headers)

    assert answer.status_code == status, answer.text
    assert offset(site, address) == 0
    assert left_over(site) == []


def test_what_grows_has_bounds(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrive, "ARRIVALS_PER_PERSON_MAX", 2)
    monkeypatch.setattr(arrive, "PIECES_MAX", 3)
    monkeypatch.setattr(resumable, "PIECE_BYTES", 100)
    monkeypatch.setattr(resumable, "CHECKED_BYTES_MAX", 50)
    address = begin(site)
    begin(site)

    assert begun(site).json()["code"] == "too-many-arrivals"
    assert site.publisher.delete(address, headers=TUS).status_code == 204
    again = begin(site)
    assert add(site, again, 0, CONTENT[:250]).status_code == 204
    assert add(site, again, 250, b"x").json()["code"] == "too-many-pieces"
    checked = add(site, again, 250, b"x" * 51, **{"Upload-Checksum": "sha1 AAAA"})
    assert checked.status_code == 413
    monkeypatch.setattr(arrive, "ARRIVING_BYTES_PER_PERSON_MAX", 2 * len(CONTENT))
    assert site.publisher.delete(again, headers=TUS).status_code == 204
    assert begun(site, len(CONTENT) + 1).json()["code"] == "too-many-arrivals"


def test_what_is_waited_for_no_longer_is_swept_with_its_bytes(site: Site, clock: Clock) -> None:
    old, done = begin(site), begin(site)
    add(site, old, 0, CONTENT[:300])
    finished = add(site, done, 0, CONTENT).headers["Content-Location"]
    clock.at += bounds.KEPT_FOR - timedelta(seconds=1)
    young = begin(site)
    add(site, young, 0, CONTENT[:300])
    clock.at += timedelta(seconds=1)
    sweep: Callable[[], int] = lambda: arrive.sweep(  # noqa: E731
        site.wiring.pool, site.wiring.folders.blobs, at=clock.at
    )

    assert site.publisher.head(old, headers=TUS).status_code == 404
    assert (sweep(), sweep()) == (2, 0)

    assert offset(site, young) == 300
    assert len(left_over(site)) == 1
    assert site.publisher.get(finished).status_code == 200


def test_of_two_pieces_for_one_place_one_is_kept(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = begin(site)
    keep = pieces.keep_piece

    def keep_after_another(*arguments: object) -> object:
        monkeypatch.setattr(arrive, "keep_piece", keep)
        assert add(site, address, 0, CONTENT[:90]).status_code == 204
        return keep(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(arrive, "keep_piece", keep_after_another)

    assert add(site, address, 0, CONTENT[:70]).status_code == 409
    assert offset(site, address) == 90
    assert add(site, address, 90, CONTENT[90:]).status_code == 204
    assert left_over(site) == []


def test_ending_a_file_twice_at_once_gives_one_upload(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = begin(site)

    def store_after_another(*arguments: object) -> object:
        monkeypatch.setattr(arrive, "store_blob", store_blob)
        assert offset(site, address) == len(CONTENT)
        return store_blob(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(arrive, "store_blob", store_after_another)
    answer = add(site, address, 0, CONTENT)

    assert answer.status_code == 204, answer.text
    assert "Content-Location" in answer.headers
    assert (uploads(site), len(jobs_of(site))) == (1, 1)
