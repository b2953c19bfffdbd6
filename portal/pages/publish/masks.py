"""How a drafted listing masks its columns: chosen here, with ten rows to look at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse

from catalog.mask import Mask, MaskKind, Period, Suppression
from catalog.view import View
from exchange import list_product
from exchange.errors import ListingNotFound
from exchange.listing import ListingState
from exchange.preview_masks import MaskedPreview, Masking, masking_of, preview_masks
from policies.errors import N_, Refusal
from policies.terms import ListingId
from portal.jobs import ask_for_copies
from portal.mask_key import mask_key
from portal.pages.rendering import render
from portal.pages.speech import Speech, speech_of
from portal.problems import status_of
from portal.sign_in import signed_in
from portal.wiring import wiring_of

router = APIRouter()

_SEE_OTHER: Final = 303
SETTING_CHARACTERS_MAX: Final = 40
FIELDS_MAX: Final = 10_000
_CHOICES: Final = (
    ("", N_("as it is")),
    ("drop", N_("leave out")),
    ("partial", N_("keep the ends")),
    ("hash", N_("hash under a key")),
    ("token", N_("other digits and letters")),
    ("bin", N_("in steps")),
    ("day", N_("day only")),
    ("month", N_("month only")),
    ("quarter", N_("quarter only")),
    ("year", N_("year only")),
    ("grid", N_("coordinate rounded")),
    ("noise", N_("with noise")),
)
_WORDS: Final = dict(_CHOICES)


@router.get("/publish/{slug}/listings/{listing_id}/masks")
def show_masks(request: Request, slug: str, listing_id: str) -> Response:
    """The masks as they are, with ten rows under them."""
    masking = _masking(request, slug, listing_id)
    return _page(request, masking, _typed_of(masking.listing.view), masking.listing.view)


@router.post("/publish/{slug}/listings/{listing_id}/masks")
async def choose_masks(request: Request, slug: str, listing_id: str) -> Response:
    """Look at other masks, or keep them."""
    form = await request.form(max_fields=FIELDS_MAX, max_files=0)
    return await run_in_threadpool(_choose, request, slug, listing_id, form)


def _choose(request: Request, slug: str, listing_id: str, form: FormData) -> Response:
    actor, wiring, say = signed_in(request), wiring_of(request), speech_of(request)
    masking = _masking(request, slug, listing_id)
    names = _names(masking)
    typed = {
        name: (str(form.get(f"mask-{at}", "")), str(form.get(f"setting-{at}", "")).strip())
        for at, name in enumerate(names)
    }
    group = [name for at, name in enumerate(names) if form.get(f"group-{at}")]
    least = str(form.get("least", "")).strip()
    differs = bool(form.get("differs"))
    errors: dict[str, str] = {}
    try:
        view = View(
            masking.listing.view.columns,
            masking.listing.view.rows,
            _masks(typed, errors, names, say),
            Suppression(tuple(group), int(least) if least.isdecimal() else 0) if group else None,
            differs,
        )
        if form.get("act") == "keep" and not errors:
            with wiring.pool.connection() as tx:
                kept = list_product.change_view(
                    tx, masking.listing.id, view, by=actor, at=wiring.now()
                )
                ask_for_copies(tx, kept.dataset_id)
            return RedirectResponse(f"/publish/{slug}?done=masks", _SEE_OTHER)
        view.visible(names)
    except Refusal as refusal:
        errors["masks"] = say.refusal(refusal)
        return _page(
            request, masking, typed, None, group=group, least=least, differs=differs,
            errors=errors, status=status_of(refusal),
        )  # fmt: skip
    return _page(
        request, masking, typed, None if errors else view, group=group, least=least,
        differs=differs, errors=errors, status=400 if errors else 200,
    )  # fmt: skip


def _page(
    request: Request,
    masking: Masking,
    typed: Mapping[str, tuple[str, str]],
    view: View | None,
    *,
    group: list[str] | None = None,
    least: str | None = None,
    differs: bool | None = None,
    errors: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    wiring, say = wiring_of(request), speech_of(request)
    kept, told = masking.listing.view, dict(errors or {})
    suppression = kept.suppression
    shown: MaskedPreview | None = None
    if view is not None:
        try:
            shown = preview_masks(masking, view, wiring.folders, mask_key=mask_key(wiring))
        except Refusal as refusal:
            told["masks"] = say.refusal(refusal)
    if group is None:
        group = list(suppression.columns) if suppression else []
    if least is None:
        least = str(suppression.least) if suppression else "5"
    return render(
        request,
        "publish/masks.html",
        status=status,
        slug=masking.dataset.slug,
        title=masking.dataset.entry.title,
        listing_id=str(masking.listing.id),
        regime=masking.listing.regime.value,
        may_change=masking.listing.state is ListingState.DRAFT,
        columns=[
            {
                "at": at,
                "name": name,
                "mask": typed.get(name, ("", ""))[0],
                "setting": typed.get(name, ("", ""))[1],
                "is_grouped": name in group,
                "label": say.gettext(_WORDS.get(typed.get(name, ("", ""))[0], _WORDS[""])),
            }
            for at, name in enumerate(_names(masking))
        ],
        choices=[(value, say.gettext(words)) for value, words in _CHOICES],
        least=least,
        differs=kept.differs_by_agreement if differs is None else differs,
        leaks=[(leak.column, say.text(leak.kind.label)) for leak in masking.leaks],
        preview=shown,
        changed=view.changed_columns if view else frozenset(),
        errors=told,
    )


def _masking(request: Request, slug: str, listing_id: str) -> Masking:
    try:
        named = ListingId(UUID(listing_id))
    except ValueError:
        raise ListingNotFound(listing_id[:100]) from None
    masking = masking_of(wiring_of(request).pool, named, by=signed_in(request))
    if masking.dataset.slug != slug:
        raise ListingNotFound(listing_id)
    return masking


def _names(masking: Masking) -> list[str]:
    """The columns that the listing may let out; those it leaves out are not masked."""
    held = [column.name for column in masking.stored.version.columns]
    chosen = masking.listing.view.columns
    return held if chosen is None else [name for name in chosen if name in held]


def _masks(
    typed: Mapping[str, tuple[str, str]], errors: dict[str, str], names: list[str], say: Speech
) -> dict[str, Mask]:
    masks: dict[str, Mask] = {}
    for name, (choice, setting) in typed.items():
        if not choice:
            continue
        try:
            masks[name] = _mask(choice, setting[:SETTING_CHARACTERS_MAX])
        except ValueError:
            errors[f"setting-{names.index(name)}"] = say.gettext(
                "Column “{name}”: give the mask its setting, such as 3,4 or 10.", name=name
            )
        except Refusal as refusal:
            errors[f"setting-{names.index(name)}"] = f"{name}{say.gettext(': ')}" + say.refusal(
                refusal
            )
    return masks


def _mask(choice: str, setting: str) -> Mask:
    """Raises: ValueError, MalformedView."""
    if choice in set(Period):
        return Mask(MaskKind.PERIOD, period=Period(choice))
    kind = MaskKind(choice)
    match kind:
        case MaskKind.PARTIAL:
            first, _, last = setting.replace("，", ",").partition(",")
            return Mask(kind, int(first or "0"), int(last or "0"))
        case MaskKind.BIN | MaskKind.NOISE:
            return Mask(kind, width=float(setting))
        case MaskKind.GRID:
            return Mask(kind, decimals=int(setting))
        case MaskKind.PERIOD:
            raise ValueError(choice)
        case MaskKind.DROP | MaskKind.HASH | MaskKind.TOKEN:
            return Mask(kind)


def _typed_of(view: View) -> dict[str, tuple[str, str]]:
    """What the form would hold for a view's masks."""
    typed = {}
    for name, mask in view.masks.items():
        choice = mask.period.value if mask.period else mask.kind.value
        setting = ""
        if mask.kind is MaskKind.PARTIAL:
            setting = f"{mask.keep_first},{mask.keep_last}"
        elif mask.width is not None:
            setting = f"{mask.width:g}"
        elif mask.decimals is not None:
            setting = str(mask.decimals)
        typed[name] = (choice, setting)
    return typed
