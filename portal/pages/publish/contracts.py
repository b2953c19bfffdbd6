"""A dataset's data contract: given out, looked at before it is taken in, and taken in."""

from __future__ import annotations

import json
from typing import Annotated, Final

from fastapi import APIRouter, File, Form, Query, Request, Response, UploadFile
from starlette.responses import RedirectResponse

from catalog.view import Json
from policies.errors import Refusal
from portal import contracts
from portal.handing_out import content_disposition
from portal.owned import columns_of, owned
from portal.pages.dataset.reader import look_at, sight_of
from portal.pages.rendering import render
from portal.pages.speech import Speech, speech_of
from portal.problems import status_of
from portal.sign_in import signed_in
from portal.wiring import wiring_of
from quality.errors import UnreadableDocument
from quality.rule import Rule
from quality.take_in_contract import ContractPlan, contract_taken_in, plan_contract
from quality.yaml_text import CHARACTERS_MAX, read_document, write_yaml

router = APIRouter()

_SEE_OTHER: Final = 303
_BYTES_MAX: Final = CHARACTERS_MAX
Sent = Annotated[UploadFile | None, File()]


@router.get("/publish/{slug}/contract")
def show_contract(
    request: Request, slug: str, done: Annotated[str, Query(max_length=10)] = ""
) -> Response:
    """The contract of today, and where another one is sent."""
    return _page(request, slug, is_done=done == "taken")


@router.post("/publish/{slug}/contract")
def send_contract(
    request: Request,
    slug: str,
    file: Sent = None,
    contract: Annotated[str, Form(max_length=CHARACTERS_MAX)] = "",
    said: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Show what a contract would change; take it in when that is said."""
    actor, wiring = signed_in(request), wiring_of(request)
    try:
        text = _text_of(file) if file is not None and file.filename else contract
        body = read_document(text)
        with wiring.pool.connection() as tx:
            if said == "take":
                contracts.take_in(tx, slug, body, by=actor, at=wiring.now())
                return RedirectResponse(f"/publish/{slug}/contract?done=taken", _SEE_OTHER)
            dataset = owned(tx, slug, actor)
            plan = plan_contract(tx, dataset.id, body, columns_of(tx, dataset, actor))
    except Refusal as refusal:
        return _page(request, slug, text=contract, refusal=refusal)
    return _page(request, slug, text=text, plan=plan)


@router.get("/dataset/{slug}/contract.yaml")
def download_yaml(request: Request, slug: str) -> Response:
    """The contract in the form that its standard writes."""
    body = _contract_for(request, slug)
    return _file(write_yaml(body), "application/yaml", f"{slug}.odcs.yaml")


@router.get("/dataset/{slug}/contract.json")
def download_json(request: Request, slug: str) -> Response:
    """The same as JSON."""
    body = _contract_for(request, slug)
    text = json.dumps(body, ensure_ascii=False, indent=2)
    return _file(text, "application/json", f"{slug}.odcs.json")


def _contract_for(request: Request, slug: str) -> dict[str, Json]:
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        look = look_at(tx, slug, by=actor, at=wiring.now())
        return contracts.contract_for(tx, look.overview.dataset, sight_of(look), by=actor)


def _text_of(file: UploadFile) -> str:
    """Raises: UnreadableDocument."""
    sent = file.file.read(_BYTES_MAX + 1)
    try:
        return sent.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableDocument(CHARACTERS_MAX) from None


def _page(
    request: Request,
    slug: str,
    *,
    text: str = "",
    plan: ContractPlan | None = None,
    refusal: Refusal | None = None,
    is_done: bool = False,
) -> Response:
    actor, say = signed_in(request), speech_of(request)
    with wiring_of(request).pool.connection() as tx:
        dataset = owned(tx, slug, actor)
        taken = contract_taken_in(tx, dataset.id)
    return render(
        request,
        "publish/contract.html",
        status=status_of(refusal) if refusal else 200,
        slug=slug,
        title=dataset.entry.title,
        taken={"rules": len(taken.rule_ids), "unchecked": taken.unchecked} if taken else None,
        plan=_plan(plan, say) if plan else None,
        text=text,
        errors={"contract": say.refusal(refusal)} if refusal else {},
        message=say.gettext("The contract is taken in. The next check asks its rules.")
        if is_done
        else None,
    )


def _plan(plan: ContractPlan, say: Speech) -> dict[str, list[str]]:
    def titles(rules: tuple[Rule, ...]) -> list[str]:
        return [say.text(rule.title) for rule in rules]

    return {
        "added": titles(plan.added),
        "kept": titles(plan.kept),
        "removed": titles(plan.removed),
        "own": titles(plan.own),
        "unchecked": list(plan.unchecked),
    }


def _file(text: str, media_type: str, name: str) -> Response:
    return Response(
        text,
        media_type=media_type,
        headers={
            "Content-Disposition": content_disposition(name),
            "Cache-Control": "private, no-store",
        },
    )
