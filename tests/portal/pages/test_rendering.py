"""Pages over HTTP: headers, cookies, addresses of files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from portal.pages.assets import STATIC_FOLDER, asset_url
from portal.pages.rendering import TEMPLATES
from portal.pages.security_headers import CONTENT_SECURITY_POLICY
from tests.browser.sample_site import sample_site


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(sample_site()) as opened:
        yield opened


def test_every_answer_forbids_foreign_and_inline_code(client: TestClient) -> None:
    for address in ("/", "/error", "/nowhere", asset_url("img/mark.svg")):
        headers = client.get(address).headers

        assert headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
        assert "unsafe" not in CONTENT_SECURITY_POLICY
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"


def test_what_a_signed_in_reader_sees_is_kept_nowhere(client: TestClient) -> None:
    assert "no-store" in client.get("/inbox").headers["Cache-Control"]
    assert "no-store" not in client.get("/dataset").headers["Cache-Control"]
    assert "Cookie" in client.get("/dataset").headers["Vary"]


def test_a_chosen_language_is_remembered_and_nonsense_is_not(client: TestClient) -> None:
    answer = client.get("/dataset?lang=en")
    assert "weir_lang=en" in answer.headers["Set-Cookie"]
    assert answer.headers["Content-Language"] == "en"

    for query in ("lang=fr", "theme=blue", "q=lang"):
        assert "Set-Cookie" not in client.get(f"/dataset?{query}").headers


def test_the_language_link_keeps_page_and_query(client: TestClient) -> None:
    page = client.get("/dataset?q=停车&page=2&lang=zh").text

    assert 'href="/dataset?q=%E5%81%9C%E8%BD%A6&amp;page=2&amp;lang=en"' in page


def test_a_file_is_kept_for_a_year_under_its_digest_and_rechecked_elsewhere(
    client: TestClient,
) -> None:
    current = client.get(asset_url("css/base.css"))
    stale = client.get("/static/0123456789abcdef/css/base.css")

    assert "immutable" in current.headers["Cache-Control"]
    assert current.headers["Content-Encoding"] == "gzip"
    assert stale.status_code == 200
    assert stale.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "path", ["/static/x/../../rendering.py", "/static/x/%2e%2e/%2e%2e/app.py", "/static/x/nothing"]
)
def test_no_file_outside_the_folder_is_served(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_no_template_or_script_names_a_foreign_host() -> None:
    allowed = ("http://www.w3.org/2000/svg", "https://tus.io/protocols/resumable-upload")
    own = [
        *TEMPLATES.rglob("*.html"),
        *(STATIC_FOLDER / "js").glob("*.js"),
        *(STATIC_FOLDER / "css").glob("*.css"),
        *(STATIC_FOLDER / "img").glob("*.svg"),
    ]

    assert own
    for file in own:
        assert "//" not in _without(file, allowed), file


def _without(file: Path, allowed: tuple[str, ...]) -> str:
    text = file.read_text("utf-8")
    for address in allowed:
        text = text.replace(address, "")
    lines = (line.split("// ")[0] for line in text.splitlines())
    return "\n".join(line for line in lines if not line.lstrip().startswith(("//", "*", "/*")))


def test_no_template_has_inline_code_or_style() -> None:
    for file in TEMPLATES.rglob("*.html"):
        text = file.read_text("utf-8")
        assert " style=" not in text, file
        assert " onclick=" not in text, file
        assert "<style" not in text, file
        assert "|safe" not in text.replace("_paths[name]|safe", "").replace(
            'replace(\' aria-invalid="true"\', "")|safe', ""
        ), file
