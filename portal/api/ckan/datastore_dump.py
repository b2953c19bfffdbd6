"""A whole table as a file: `/datastore/dump/{resource}`, all of it of one moment.

Source: CKAN 2.12, "Download resource"; who may not read it learns nothing of it, but 404.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse, StreamingResponse

from catalog.row_forms import RowForm
from catalog.view import Json
from exchange.allow import Ask
from exchange.deliver import deliver_dump
from exchange.delivery import RowsQuestion
from policies.errors import Denied, NotFound, NotSignedIn, Refusal
from policies.terms import Language
from portal.api.ckan.call import NO_TRANSACTION, Call, truth_of
from portal.api.ckan.datastore import OFFSET_MAX, question_of
from portal.api.ckan.datastore_refusals import in_datastore_words
from portal.api.ckan.datastore_tables import PaymentNeeded, found_table
from portal.api.ckan.envelope import caller_of
from portal.api.ckan.errors import AccessDenied, CkanError, NoSuchObject, wrong
from portal.handing_out import hand_out, parts_of
from portal.problems import status_of, words_of
from portal.wiring import wiring_of

router = APIRouter(include_in_schema=False)

_SAFE: Final = re.compile(r"[A-Za-z0-9._-]")
NOT_FOUND: Final = "DataStore resource not found"


@router.get("/datastore/dump/{resource_id}")
def dump(request: Request, resource_id: str) -> Response:
    """The rows of a table as csv, tsv, json or xml."""
    wiring = wiring_of(request)
    parameters: Mapping[str, Json] = dict(request.query_params)
    call = Call(
        "datastore_dump", NO_TRANSACTION, wiring, caller_of(request), wiring.now(), parameters
    )
    try:
        with in_datastore_words(resource_id):
            form = _form(call)
            question = question_of(
                parameters,
                limit=call.whole("limit", 0, most=OFFSET_MAX) if call.text("limit") else None,
                offset=call.whole("offset", 0, most=OFFSET_MAX),
            )
            with wiring.pool.connection() as tx:
                _, distribution = found_table(tx, call, resource_id)
            got = deliver_dump(
                parts_of(wiring),
                str(distribution.id),
                RowsQuestion(
                    question,
                    form,
                    with_total=False,
                    is_dump=True,
                    with_bom=truth_of(parameters.get("bom")),
                ),
                Ask(call.actor),
            )
    except (AccessDenied, NoSuchObject):
        return PlainTextResponse(NOT_FOUND, 404)
    except PaymentNeeded as refusal:
        return PlainTextResponse(str(refusal), 402)
    except CkanError as refusal:
        return PlainTextResponse(_lines(refusal), 400)
    except (Denied, NotFound, NotSignedIn):
        return PlainTextResponse(NOT_FOUND, 404)
    except Refusal as refusal:
        return PlainTextResponse(words_of(refusal, Language.EN), status_of(refusal))
    file_name = f"{resource_id}.{form.value}"
    if isinstance(got, Iterator):
        headers = {"Content-Disposition": f'attachment; filename="{_plain(file_name)}"'}
        return StreamingResponse(got, media_type=form.media_type, headers=headers)
    return hand_out(request, call.actor, got, file_name=file_name)


def _form(call: Call) -> RowForm:
    """The form that is asked for.

    Raises: ValidationFailed.
    """
    text = call.text("format", "csv") or "csv"
    try:
        return RowForm(text)
    except ValueError:
        raise wrong("format", f"Value must be one of {[one.value for one in RowForm]}") from None


def _lines(refusal: CkanError) -> str:
    """What is wrong, a line for each field."""
    return "\n".join(
        f"{field}: {' '.join(map(str, words)) if isinstance(words, list) else words}"
        for field, words in refusal.body().items()
    )


def _plain(file_name: str) -> str:
    """What of a name is safe between quotes."""
    return "".join(one if _SAFE.fullmatch(one) else "_" for one in file_name)
