"""`weir verify`: say in words whether a file of evidence holds, without the exchange.

Reads files and prints; it opens no database and no connection, and imports nothing that would. The
file may be a receipt, an agreement, a statement or an export of the whole log.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from exchange.statement_file import verify_statement
from policies.errors import N_, UnreadableProof
from policies.evidence.agreement_proof import verify_agreement_file
from policies.evidence.bundle import (
    AGREEMENT_FORMAT,
    FILE_LENGTH_BYTES_MAX,
    LOG_FORMAT,
    STATEMENT_FORMAT,
    format_of,
    read_agreement_file,
    read_bundle,
)
from policies.evidence.log_proof import verify_log_export
from policies.evidence.proof import verify_receipt_file
from policies.evidence.verification import Verification
from policies.terms import Language
from portal.languages import translator

RECEIPT_LINES_MAX = 40
VALUE_LENGTH_CHARACTERS = 200


def run(
    path: Path,
    head: Path | None = None,
    *,
    key: str | None = None,
    as_json: bool = False,
    language: Language | None = None,
    out: TextIO | None = None,
) -> int:
    """Check the evidence in `path` and print what was found; 0 where all of it holds, else 1.

    `head` is a head file, or an older receipt, that the reader kept. `key` is the name of the log
    or of one of its keys, as the reader knows it. Speaks the language of the environment where
    none is given.
    """
    out = out or sys.stdout
    language = language or _language_of_environment()
    say = translator(language).gettext
    try:
        verification, told = _verify(path, head, key)
    except OSError as fault:
        message, reason = N_("The file cannot be opened: {fault}."), str(fault)
        return _fail(message, reason, as_json=as_json, language=language, out=out)
    except UnreadableProof as fault:
        return _fail(fault.message, fault.fault, as_json=as_json, language=language, out=out)
    if as_json:
        json.dump(_plain(verification, told), out, ensure_ascii=False, indent=2)
        out.write("\n")
        return 0 if verification.is_valid else 1
    for line in [line for words in told.values() for line in _lines_of(words)][:RECEIPT_LINES_MAX]:
        out.write(f"    {line}\n")
    for check in verification.checks:
        mark = say(N_("holds")) if check.is_passed else say(N_("FAILS"))
        words = say(check.message).format(**check.facts)
        out.write(f"{mark}  {_printable(words)}\n")
    verdict = N_("All of it holds.") if verification.is_valid else N_("Do not rely on this file.")
    out.write(say(verdict) + "\n")
    return 0 if verification.is_valid else 1


def _verify(
    path: Path, head: Path | None, key: str | None
) -> tuple[Verification, dict[str, dict[str, object]]]:
    """What checking gave, and what the receipt or agreement says; a log says nothing by itself."""
    old_head = _read(head) if head is not None else None
    with path.open("rb") as stream:
        first = stream.readline(FILE_LENGTH_BYTES_MAX + 1)
        line_format = format_of(first) if first.rstrip().endswith(b"}") else ""
        lines = iter(lambda: stream.readline(FILE_LENGTH_BYTES_MAX + 1), b"")
        if line_format == STATEMENT_FORMAT:
            stream.seek(0)
            return verify_statement(lines, trusted_kid=key), {"receipt": {}}
        if line_format == LOG_FORMAT:
            stream.seek(0)
            return verify_log_export(lines, old_head=old_head, trusted_kid=key), {"receipt": {}}
    data = _read(path)
    if format_of(data) == AGREEMENT_FORMAT:
        verification = verify_agreement_file(data, trusted_kid=key)
        return verification, {"agreement": _object_in(read_agreement_file(data).signed.body)}
    verification = verify_receipt_file(data, old_head=old_head, trusted_kid=key)
    return verification, {"receipt": _object_in(read_bundle(data).receipt.body)}


def _read(path: Path) -> bytes:
    """The file, or as much of it as is too much for the reader of its format."""
    with path.open("rb") as stream:
        return stream.read(FILE_LENGTH_BYTES_MAX + 1)


def _object_in(body: str) -> dict[str, object]:
    """What a body says; its fields are the exchange's and are shown as they are."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _lines_of(receipt: dict[str, object]) -> list[str]:
    lines = []
    for name, value in receipt.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        if len(text) > VALUE_LENGTH_CHARACTERS:
            text = text[:VALUE_LENGTH_CHARACTERS] + "…"
        lines.append(_printable(f"{name}: {text}"))
    return lines


def _printable(text: str) -> str:
    """Without control characters, so that a file cannot steer the terminal that shows it."""
    return "".join(
        character if character.isprintable() or character == "\u3000" else "�" for character in text
    )


def _plain(verification: Verification, told: dict[str, dict[str, object]]) -> dict[str, object]:
    return {
        "is_valid": verification.is_valid,
        "log_id": verification.log_id,
        "tree_size": verification.tree_size,
        "checks": [
            {
                "name": check.name.value,
                "is_passed": check.is_passed,
                "words": _words(check.message, check.facts),
                "facts": dict(check.facts),
            }
            for check in verification.checks
        ],
        **told,
    }


def _words(message: str, facts: Mapping[str, str | int]) -> dict[str, str]:
    """The message in every language."""
    return {
        language.value: translator(language).gettext(message).format(**facts)
        for language in Language
    }


def _fail(message: str, fault: str, *, as_json: bool, language: Language, out: TextIO) -> int:
    words = _words(message, {"fault": fault})
    if as_json:
        json.dump({"is_valid": False, "words": words}, out, ensure_ascii=False, indent=2)
        out.write("\n")
    else:
        out.write(_printable(words[language.value]) + "\n")
    return 1


def _language_of_environment() -> Language:
    spoken = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG", "")
    return Language.ZH if spoken.startswith("zh") else Language.EN
