"""Make and change topics, for those who keep them: the bureau, administrators, a topic's admins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Final
from uuid import uuid4

from fastapi import APIRouter, Form, Request, Response
from starlette.responses import RedirectResponse

from catalog.curation import themes
from catalog.curation.theme_errors import ThemeKeeperNeeded, ThemeNotFound
from catalog.theme import Theme, ThemeId, ThemeParent
from policies.database import Tx
from policies.errors import Refusal
from policies.party import Actor
from policies.roles import Capacity, can_administer, can_set_standards
from policies.terms import Text
from portal.pages.rendering import render
from portal.pages.speech import speech_of
from portal.problems import status_of
from portal.sign_in import signed_in
from portal.wiring import wiring_of

router = APIRouter()

TITLE_LENGTH_CHARACTERS: Final = 300
WORDS_LENGTH_CHARACTERS: Final = 5_000
_SEE_OTHER: Final = 303
Field = Annotated[str, Form(max_length=20_000)]


@router.get("/group/new")
def show_new(request: Request) -> Response:
    """The form of a new topic.

    Raises: ThemeKeeperNeeded.
    """
    if not may_make_topics(signed_in(request)):
        raise ThemeKeeperNeeded(speech_of(request).gettext("a new topic"))
    return _form(request, None, typed={}, errors={})


@router.post("/group/new")
def make(
    request: Request,
    slug: Field = "",
    title_zh: Field = "",
    title_en: Field = "",
    description_zh: Field = "",
    description_en: Field = "",
    parent: Field = "",
) -> Response:
    """Make a topic."""
    actor, wiring = signed_in(request), wiring_of(request)
    typed = _typed(slug, (title_zh, title_en), (description_zh, description_en), parent)
    at = wiring.now()
    made = Theme(ThemeId(uuid4()), typed["slug"], Text(), at, created_by=actor.user_id)
    return _keep(request, None, made, typed, actor, at)


@router.get("/group/{slug}/edit")
def show_edit(request: Request, slug: str) -> Response:
    """The form of a topic, with what is said of it.

    Raises: ThemeNotFound, ThemeKeeperNeeded.
    """
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        theme = _kept(tx, slug, actor)
        parents = themes.parents_of(tx, theme.id)
        above = themes.themes_with_ids(tx, [one.theme_id for one in parents])
    typed = _typed(
        theme.slug,
        (theme.title.zh, theme.title.en),
        (theme.description.zh, theme.description.en),
        above[0].slug if above else "",
    )
    return _form(request, theme, typed=typed, errors={})


@router.post("/group/{slug}/edit")
def change(
    request: Request,
    slug: str,
    title_zh: Field = "",
    title_en: Field = "",
    description_zh: Field = "",
    description_en: Field = "",
    parent: Field = "",
) -> Response:
    """Say something else of a topic; its name in addresses stays."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        theme = _kept(tx, slug, actor)
    typed = _typed(theme.slug, (title_zh, title_en), (description_zh, description_en), parent)
    return _keep(request, theme, theme, typed, actor, wiring.now())


@router.post("/group/{slug}/remove")
def remove(request: Request, slug: str) -> Response:
    """Hide a topic; its datasets stay and are no longer under it."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        themes.remove_theme(tx, _kept(tx, slug, actor), by=actor, at=wiring.now())
    return RedirectResponse("/group", _SEE_OTHER)


def may_make_topics(actor: Actor) -> bool:
    """Whether the reader may make topics."""
    return can_set_standards(actor) or can_administer(actor)


def may_change_topic(tx: Tx, theme: Theme, actor: Actor) -> bool:
    """Whether the reader may change this one."""
    try:
        themes.check_keeps(tx, theme, actor, Capacity.ADMIN)
    except Refusal:
        return False
    return True


def _kept(tx: Tx, slug: str, actor: Actor) -> Theme:
    theme = themes.theme_named(tx, slug)
    if theme.is_removed:
        raise ThemeNotFound(slug)
    themes.check_keeps(tx, theme, actor, Capacity.ADMIN)
    return theme


def _typed(
    slug: str, title: tuple[str, str], description: tuple[str, str], parent: str
) -> dict[str, str]:
    return {
        "slug": slug.strip(),
        "title_zh": title[0].strip(),
        "title_en": title[1].strip(),
        "description_zh": description[0].strip(),
        "description_en": description[1].strip(),
        "parent": parent.strip(),
    }


def _keep(
    request: Request,
    before: Theme | None,
    theme: Theme,
    typed: dict[str, str],
    actor: Actor,
    at: datetime,
) -> Response:
    say, wiring = speech_of(request), wiring_of(request)
    errors: dict[str, str] = {}
    if not typed["title_zh"] and not typed["title_en"]:
        errors["title_zh"] = say.gettext("Write the title in at least one language.")
    for name, most in (
        ("title", TITLE_LENGTH_CHARACTERS),
        ("description", WORDS_LENGTH_CHARACTERS),
    ):
        for language in ("zh", "en"):
            if len(typed[f"{name}_{language}"]) > most:
                errors[f"{name}_{language}"] = say.gettext(
                    "Write at most {most} characters.", most=say.number(most)
                )
    if errors:
        return _form(request, before, typed=typed, errors=errors, status=422)
    told = replace(
        theme,
        title=Text(zh=typed["title_zh"], en=typed["title_en"]),
        description=Text(zh=typed["description_zh"], en=typed["description_en"]),
    )
    try:
        with wiring.pool.connection() as tx:
            if before is None:
                themes.create_theme(tx, told, _above(tx, (), typed), by=actor, at=at)
            else:
                held = themes.parents_of(tx, theme.id)
                themes.change_theme(tx, told, _above(tx, held, typed), by=actor, at=at)
    except Refusal as refusal:
        field = "parent" if typed["parent"] and "Circle" in type(refusal).__name__ else "slug"
        return _form(
            request,
            before,
            typed=typed,
            errors={field: say.refusal(refusal)},
            status=status_of(refusal),
        )
    return RedirectResponse(f"/group/{told.slug}", _SEE_OTHER)


def _above(tx: Tx, held: Sequence[ThemeParent], typed: dict[str, str]) -> list[ThemeParent]:
    """The topic it stands under; others that programs named stay."""
    if not typed["parent"]:
        return []
    chosen = themes.theme_named(tx, typed["parent"])
    kept = [one for one in held[1:] if one.theme_id != chosen.id]
    first = next((one for one in held if one.theme_id == chosen.id), ThemeParent(chosen.id))
    return [first, *kept]


def _form(
    request: Request,
    theme: Theme | None,
    *,
    typed: dict[str, str],
    errors: dict[str, str],
    status: int = 200,
) -> Response:
    say = speech_of(request)
    with wiring_of(request).pool.connection() as tx:
        listed = themes.listed_themes(tx)
    return render(
        request,
        "topic/edit.html",
        status=status,
        topic=theme,
        typed={**_typed("", ("", ""), ("", ""), ""), **typed},
        parents=[
            (one.slug, say.text(one.title) or one.slug)
            for one in listed
            if theme is None or one.id != theme.id
        ],
        errors=errors,
    )
