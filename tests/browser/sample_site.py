"""Every page with made-up contents: what the pages look like, without a database behind them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route

from policies.party import ANONYMOUS, Actor, Membership, Organization, OrganizationKind, Role
from policies.terms import OrganizationId, Text, UserId
from portal.pages.assets import STATIC_FOLDER, StaticFiles
from portal.pages.frame import LogHead
from portal.pages.rendering import environment, frame_of, render
from portal.pages.security_headers import SecurityHeaders
from tests.browser.samples import PAGES, SUGGESTIONS

NOW = datetime(2026, 11, 22, 6, 5, tzinfo=UTC)
_ORGANIZATION = Organization(
    id=OrganizationId(UUID(int=1)),
    slug="transport",
    kind=OrganizationKind.DEPARTMENT,
    title=Text("市交通运输局", "Transport Bureau"),
    credit_code=None,
    created_at=NOW,
)
OFFICER = Actor(
    user_id=UserId(UUID(int=2)),
    name="officer",
    memberships=(
        Membership(Role.PUBLISHER, _ORGANIZATION.id),
        Membership(Role.APPROVER, _ORGANIZATION.id),
    ),
    organization=_ORGANIZATION,
)
INSPECTOR = replace(OFFICER, name="inspector", memberships=(Membership(Role.REGULATOR, None),))
_ACTORS = {"nobody": ANONYMOUS, "officer": OFFICER, "inspector": INSPECTOR}


def sample_site() -> Starlette:
    """An application that shows each sample at its own address."""
    return Starlette(
        routes=[
            Route("/styleguide", _style_guide),
            Route("/dataset/suggest", _suggest),
            Route("/publish/progress/step", _progress_step),
            *(Route(path, _page, methods=["GET", "POST"]) for path in PAGES),
            Mount("/static", StaticFiles(directory=STATIC_FOLDER)),
        ],
        middleware=[Middleware(SecurityHeaders)],
    )


def _page(request: Request) -> Response:
    page = PAGES[request.url.path]
    request.state.actor = _ACTORS[page.reader]
    request.state.csrf_token = "0" * 32
    request.state.waiting = 7 if page.reader == "officer" else 0
    request.state.log_head = LogHead(1_204_117, "a3f9c2d01b7e55aa90")
    return render(request, page.template, status=page.status, **page.context)


def _suggest(request: Request) -> Response:
    return render(request, "suggestions.html", groups=SUGGESTIONS, total=3)


def _progress_step(request: Request) -> Response:
    finished = {**PAGES["/publish/progress"].context, "is_finished": True, "percent": 100}
    return render(request, "publish/progress_steps.html", **finished)


def _style_guide(request: Request) -> Response:
    frame = frame_of(request)
    template = environment(frame.language).from_string((STYLE_GUIDE).read_text("utf-8"))
    return HTMLResponse(template.render(frame=frame, **PAGES["/styleguide-parts"].context))


STYLE_GUIDE = STATIC_FOLDER.parent.parent / "tests" / "browser" / "styleguide.html"
