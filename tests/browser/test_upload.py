"""Sending a file: in pieces, on after a broken line, and in one go where there is no script."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Route as HeldRequest
from playwright.sync_api import expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

from tests.browser.sample_site import sample_site
from tests.browser.serving import serving
from tests.browser.walk import Walker

OpenWindow = Callable[..., Walker]


REFUSAL = """<!doctype html><title>Publish</title><main id="main" tabindex="-1"><h1>Publish</h1>
<div class="notice bad" role="alert" tabindex="-1" id="errors"><p>Not a table.</p></div></main>"""


class UploadServer:
    """Takes pieces as tus 1.0 says; breaks the line once where it is told to."""

    def __init__(self) -> None:
        self.body = bytearray()
        self.length = 0
        self.metadata = ""
        self.breaks_left = 0
        self.beginnings = 0
        self.submissions = 0
        self.submitted: dict[str, str] = {}

    def app(self) -> Starlette:
        """The sample pages with a place to upload to."""
        return Starlette(
            routes=[
                Route("/api/v1/uploads", self._begin, methods=["POST"]),
                Route("/api/v1/uploads/1", self._piece, methods=["PATCH", "HEAD"]),
                Route("/publish/new", self._submit, methods=["POST"]),
                Mount("/", sample_site()),
            ]
        )

    async def _begin(self, request: Request) -> Response:
        self.beginnings += 1
        self.length = int(request.headers["Upload-Length"])
        self.metadata = request.headers["Upload-Metadata"]
        return Response(status_code=201, headers={"Location": "/api/v1/uploads/1"})

    async def _piece(self, request: Request) -> Response:
        if request.method == "PATCH":
            piece = await request.body()
            if self.breaks_left:
                self.breaks_left -= 1
                return Response(status_code=503)
            if int(request.headers["Upload-Offset"]) != len(self.body):
                return Response(status_code=409)
            self.body += piece
        status = 204 if request.method == "PATCH" else 200
        return Response(status_code=status, headers={"Upload-Offset": str(len(self.body))})

    async def _submit(self, request: Request) -> Response:
        self.submissions += 1
        form = await request.form()
        self.submitted = {
            name: value if isinstance(value, str) else (value.filename or "")
            for name, value in form.items()
        }
        if request.headers.get("Referer", "").endswith("/publish/plain"):
            return PlainTextResponse(REFUSAL, status_code=400, media_type="text/html")
        return PlainTextResponse("taken")


@pytest.fixture
def server() -> UploadServer:
    """What takes the file."""
    return UploadServer()


@pytest.fixture
def address(server: UploadServer) -> Iterator[str]:
    """Where it answers."""
    with serving(server.app()) as url:
        yield url


FILE = {
    "name": "地铁延误.csv",
    "mimeType": "text/csv",
    "buffer": b"a,b\n" + b"1,2\n" * 1_500_000,
}
"""Two pieces: 6 MB."""


def test_a_chosen_file_goes_up_in_pieces_and_waits_until_it_is_said_how_it_goes_in(
    walk_as: OpenWindow, server: UploadServer, address: str
) -> None:
    page = walk_as().page
    page.goto(address + "/publish/new")

    page.get_by_label("将文件拖到此处，或点击选择").set_input_files(FILE)  # type: ignore[arg-type]
    expect(page.locator("[data-upload-state]")).to_contain_text("已全部收到")
    unasked = server.submissions
    page.get_by_label("先让我看看如何读取").check()
    page.get_by_role("button", name="确认导入").click()
    expect(page.get_by_text("taken")).to_be_visible()

    assert unasked == 0
    assert bytes(server.body) == FILE["buffer"]
    assert server.submissions == 1
    assert server.submitted["upload"] == "/api/v1/uploads/1"
    assert server.submitted["look"] == "yes"
    assert "file" not in server.submitted


def test_the_button_pressed_while_pieces_go_up_sends_nothing_beside_them(
    walk_as: OpenWindow, server: UploadServer, address: str
) -> None:
    walker = walk_as()
    page = walker.page
    walker.host = urlsplit(address).netloc
    page.goto(address + "/publish/new")
    held: list[HeldRequest] = []

    def hold(route: HeldRequest) -> None:
        held.append(route)

    page.route("**/api/v1/uploads/1", hold, times=1)

    with page.expect_request("**/api/v1/uploads/1"):
        page.get_by_label("将文件拖到此处，或点击选择").set_input_files(FILE)  # type: ignore[arg-type]
    button = page.get_by_role("button", name="确认导入")
    button.click()
    button.click()
    held[0].continue_()
    expect(page.get_by_text("taken")).to_be_visible()

    assert bytes(server.body) == FILE["buffer"]
    assert server.submissions == 1
    assert server.submitted["upload"] == "/api/v1/uploads/1"
    assert "file" not in server.submitted
    assert walker.complaints == []


def test_an_upload_goes_on_where_the_line_broke(
    walk_as: OpenWindow, server: UploadServer, address: str
) -> None:
    server.breaks_left = 1
    page = walk_as().page
    page.goto(address + "/publish/new")

    page.get_by_label("将文件拖到此处，或点击选择").set_input_files(FILE)  # type: ignore[arg-type]
    page.get_by_role("button", name="确认导入").click()
    expect(page.get_by_text("taken")).to_be_visible(timeout=15_000)

    assert bytes(server.body) == FILE["buffer"]
    assert server.beginnings == 1


def test_without_script_the_form_posts_the_file_itself(
    walk_as: OpenWindow, server: UploadServer, address: str
) -> None:
    page = walk_as(has_script=False).page
    page.goto(address + "/publish/new")

    page.get_by_label("将文件拖到此处，或点击选择").set_input_files(FILE)  # type: ignore[arg-type]
    page.get_by_role("button", name="确认导入").click()
    expect(page.get_by_text("taken")).to_be_visible()

    assert server.submitted["file"] == FILE["name"]
    assert server.submitted["upload"] == ""


def test_where_the_server_takes_no_pieces_the_form_shows_progress_and_its_errors(
    walk_as: OpenWindow, server: UploadServer, address: str
) -> None:
    walker = walk_as()
    page = walker.page
    page.goto(address + "/publish/plain")

    page.get_by_label("将文件拖到此处，或点击选择").set_input_files(FILE)  # type: ignore[arg-type]
    page.get_by_role("button", name="确认导入").click()

    expect(page.locator("#errors")).to_be_focused()
    assert server.submitted["file"] == FILE["name"]
    walker.check_axe("refused upload")
