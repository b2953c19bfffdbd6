"""A receipt with everything behind it, as the page of its owner and of the regulator shows it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from exchange.credit import Transfer, TransferKind
from exchange.decision import StoredDecision
from exchange.price import Price, PriceModel
from exchange.receipt import StoredReceipt
from exchange.trace import LogPlace, Person, Trace, TracedItem
from policies.access import Action
from policies.agreement import Agreement
from policies.canonical import Plain
from policies.evidence.verification import Verification
from policies.terms import MicroCredits, Purpose, Text
from portal.languages import translator
from portal.pages.fact_words import facts_in_words, ledger_reason
from portal.pages.offer import price_words
from portal.pages.speech import Speech
from portal.pages.words import ACTIONS, PURPOSES, number_of


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule of a decision, in words."""

    id: str
    sentence: str


@dataclass(frozen=True, slots=True)
class DecisionView:
    """Why it was allowed, or not."""

    sentence: str
    profile: str
    rules: tuple[RuleLine, ...]
    facts: tuple[tuple[str, str], ...]
    """The facts that the rules read, by their names."""


@dataclass(frozen=True, slots=True)
class ItemView:
    """One dataset that the receipt covers."""

    title: Text
    dataset_href: str
    facts: tuple[tuple[str, str], ...]
    source: tuple[tuple[str, str], ...]
    """The version, and the file that it was read from."""
    decision: DecisionView
    agreement_href: str | None
    lineage_href: str


@dataclass(frozen=True, slots=True)
class TransferLine:
    """One movement in the ledger."""

    name: str
    at: datetime
    amount: MicroCredits
    reason: str


@dataclass(frozen=True, slots=True)
class CheckLine:
    """What one look at the proof gave."""

    sentence: str
    state: str


@dataclass(frozen=True, slots=True)
class ReceiptView:
    """The whole page."""

    number: str
    state: str
    """`proven`, `waiting` for the next signed head, or `altered`."""
    at: datetime
    digest: str
    facts: tuple[tuple[str, str], ...]
    items: tuple[ItemView, ...]
    transfers: tuple[TransferLine, ...]
    place: LogPlace | None
    checks: tuple[CheckLine, ...]


def receipt_view(
    traced: Trace, verified: Verification | None, say: Speech, *, lineage_path: str
) -> ReceiptView:
    """The page of one receipt; `verified` None where no signed head covers it yet."""
    receipt = traced.receipt
    state = "waiting"
    if verified is not None:
        state = "proven" if verified.is_valid else "altered"
    return ReceiptView(
        number=number_of("W", receipt.id),
        state=state,
        at=receipt.created_at,
        digest=receipt.body_sha256,
        facts=tuple(_facts(traced, receipt, say)),
        items=tuple(_item(item, say, lineage_path) for item in traced.items),
        transfers=tuple(_transfer(moved, say) for moved in traced.transfers),
        place=traced.place,
        checks=tuple(check_lines(verified, say)) if verified else (),
    )


def decision_view(decision: StoredDecision, say: Speech) -> DecisionView:
    """A decision in words: the answer, the rules that made it, the facts that they read."""
    return DecisionView(
        sentence=say.gettext("Allowed.") if decision.is_allowed else say.gettext("Refused."),
        profile=decision.profile_id,
        rules=tuple(_rules(decision.reasons, say)),
        facts=tuple(facts_in_words(decision.facts, say)),
    )


def person_words(person: Person, say: Speech) -> str:
    """Somebody who acted: the organisation, and the name where the reader may know it."""
    parts = [say.text(person.organization)] if person.organization else []
    if person.name:
        parts.append(person.name)
    return " · ".join(parts) or say.gettext("An anonymous visitor")


def _facts(traced: Trace, receipt: StoredReceipt, say: Speech) -> Iterator[tuple[str, str]]:
    body = json.loads(receipt.body)
    yield say.gettext("Delivered to"), person_words(traced.asked_by, say)
    yield say.gettext("As"), say.gettext(ACTIONS[Action(receipt.action)])
    if body["purpose"]:
        yield say.gettext("Purpose"), say.gettext(PURPOSES[Purpose(body["purpose"])])
    yield say.gettext("Rows"), say.number(receipt.row_count)
    yield say.gettext("Size"), say.bytes(receipt.size_bytes)
    yield say.gettext("Columns"), ", ".join(body["columns"]) or "—"
    charged = say.credits(receipt.charge)
    yield say.gettext("Charged"), say.gettext("{amount} credits", amount=charged)
    yield say.gettext("Fingerprint of the result (SHA-256)"), receipt.result_sha256
    yield say.gettext("Fingerprint of the question (SHA-256)"), body["question_sha256"]
    yield say.gettext("Standards"), body["profile_id"]


def _item(item: TracedItem, say: Speech, lineage_path: str) -> ItemView:
    version = item.version
    return ItemView(
        title=item.title,
        dataset_href=f"/dataset/{item.slug}",
        facts=tuple(_price_lines(item.terms, item.agreement, say)),
        source=(
            (say.gettext("Provider"), say.text(item.provider)),
            (
                say.gettext("Version"),
                say.gettext(
                    "{number}, read on {moment}, {rows} rows",
                    number=say.number(version.number),
                    moment=say.moment(version.created_at),
                    rows=say.number(version.row_count),
                ),
            ),
            (say.gettext("Digest of the version"), version.digest),
            (say.gettext("Quality gate"), _verdict(item, say)),
            (say.gettext("File"), item.file_name),
            (say.gettext("Fingerprint of the file (SHA-256)"), item.blob_sha256),
            (
                say.gettext("Uploaded"),
                f"{say.moment(item.uploaded_at)} · {person_words(item.uploaded_by, say)}",
            ),
        ),
        decision=decision_view(item.decision, say),
        agreement_href=f"/my/agreements/{item.agreement.id}" if item.agreement else None,
        lineage_href=f"{lineage_path}?asset=version:{version.id}",
    )


def _price_lines(
    terms: Mapping[str, Plain], agreement: Agreement | None, say: Speech
) -> Iterator[tuple[str, str]]:
    regimes = {
        "share": say.gettext("Shared"),
        "open": say.gettext("Opened"),
        "trade": say.gettext("Traded"),
        "own": say.gettext("Read by its own people"),
    }
    yield say.gettext("Way"), regimes[str(terms["regime"])]
    if agreement is not None:
        yield say.gettext("Agreement"), number_of("A", agreement.id)
        yield say.gettext("Fingerprint of its words (SHA-256)"), agreement.terms_sha256
    price = Price.from_json(terms["price"])
    yield say.gettext("Price"), price_words(price, say)
    charged, units = terms["charge_microcredits"], terms["units"]
    fee = terms["fee_microcredits"]
    assert isinstance(charged, int)
    assert isinstance(units, int)
    assert isinstance(fee, int)
    if charged:
        yield (
            say.gettext("Charged"),
            say.gettext(
                "{units}: {amount} credits, of which {fee} to the exchange",
                units=_units_words(price.model, units, say),
                amount=say.credits(MicroCredits(charged)),
                fee=say.credits(MicroCredits(fee)),
            ),
        )


def _units_words(model: PriceModel, units: int, say: Speech) -> str:
    """What was counted, by the word that the price counts by."""
    match model:
        case PriceModel.PER_ROW:
            return say.ngettext("{count} row", "{count} rows", units)
        case PriceModel.PER_QUERY:
            return say.ngettext("{count} delivery", "{count} deliveries", units)
        case PriceModel.PER_MEGABYTE:
            return say.ngettext("{count} megabyte", "{count} megabytes", units)
        case PriceModel.MONTHLY:
            return say.ngettext("{count} month", "{count} months", units)
        case PriceModel.FREE:
            return say.ngettext("{count} unit", "{count} units", units)
        case _:
            assert_never(model)


def _verdict(item: TracedItem, say: Speech) -> str:
    verdict = item.version.verdict
    if verdict is None:
        return say.gettext("Not yet checked")
    words = {
        "passed": say.gettext("Passed"),
        "passed_with_warnings": say.gettext("Passed with remarks"),
        "known_issue": say.gettext("Known issue"),
        "blocked": say.gettext("Failed"),
    }
    return words[verdict.value]


def _transfer(moved: Transfer, say: Speech) -> TransferLine:
    names = {
        TransferKind.PENDING: say.gettext("Held before the run"),
        TransferKind.POST: say.gettext("Charged; the rest of the hold went back"),
        TransferKind.VOID: say.gettext("Given back"),
        TransferKind.DIRECT: say.gettext("Moved"),
    }
    amount = MicroCredits(moved.amount)
    return TransferLine(
        names[moved.kind], moved.created_at, amount, ledger_reason(moved.reason, say)
    )


def check_lines(verified: Verification, say: Speech) -> Iterator[CheckLine]:
    """What was looked at, a line each."""
    translated = translator(say.language)
    for check in verified.checks:
        words = str(translated.gettext(check.message)).format(**check.facts)
        yield CheckLine(words, "passed" if check.is_passed else "failed")


def _rules(reasons: Plain, say: Speech) -> Iterator[RuleLine]:
    for reason in reasons if isinstance(reasons, list) else []:
        assert isinstance(reason, dict)
        text = reason["text"]
        assert isinstance(text, dict)
        words = Text(zh=str(text.get("zh", "")), en=str(text.get("en", "")))
        yield RuleLine(str(reason["rule_id"]), say.text(words))
