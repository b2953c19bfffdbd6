"""Tests of `portal/verify.py`: what `weir verify` prints, and that it needs nothing else."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from policies import log
from policies.attest import attest
from policies.database import Tx
from policies.events import Event, EventKind
from policies.evidence.bundle import (
    SignedReceipt,
    build_head_file,
    export_head_line,
    export_leaf_line,
    read_bundle,
)
from policies.evidence.proof import RECEIPT_HASH_FACT
from policies.evidence.signing_key import KeyPurpose
from policies.party import ANONYMOUS
from policies.record import record
from policies.seal import KeyRing, canonical
from policies.terms import Language
from portal.verify import run

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)


class Evidence:
    """Files that an exchange handed out: a head, a later receipt, and the whole log."""

    def __init__(self, tx: Tx, folder: Path) -> None:
        keys = KeyRing(folder / "keys")
        body = canonical({"id": "r1", "title": "公交\u3000\u001b[2J\u202e站点", "rows": 3}).decode()
        signer = keys.signer(tx, KeyPurpose.RECEIPT, AT)
        log.sequence(tx)
        early = log.sign_head(tx, keys, AT)
        hashed = sha256(body.encode()).hexdigest()
        delivered = Event(
            EventKind.DATA_DELIVERED, AT, ANONYMOUS, facts={RECEIPT_HASH_FACT: hashed}
        )
        event_id = record(tx, delivered)
        receipt = SignedReceipt(body, signer.kid, signer.sign(body.encode()))
        at = AT + timedelta(minutes=1)
        bundle = attest(tx, keys, receipt, event_id, at=at, known_size=early.head.tree_size)
        latest = log.latest_head(tx)
        lines = [
            export_head_line(latest, keys.public_keys(tx)),
            *(export_leaf_line(leaf) for leaf in log.leaves(tx, 0, latest.head.tree_size)),
        ]
        self.log_id = latest.head.log_id
        self.head, self.receipt, self.log = (folder / name for name in ("head", "receipt", "log"))
        self.head.write_bytes(build_head_file(early, keys.public_keys(tx)))
        self.receipt.write_bytes(bundle)
        self.log.write_bytes(b"".join(lines))


@pytest.fixture
def evidence(tx: Tx, tmp_path: Path) -> Evidence:
    return Evidence(tx, tmp_path)


def said(
    path: Path,
    head: Path | None = None,
    *,
    key: str | None = None,
    as_json: bool = False,
    language: Language = Language.EN,
) -> tuple[int, str]:
    out = io.StringIO()
    status = run(path, head, key=key, as_json=as_json, language=language, out=out)
    return status, out.getvalue()


def test_a_good_receipt_is_shown_and_holds(evidence: Evidence) -> None:
    status, words = said(evidence.receipt, evidence.head)

    assert status == 0
    assert "    rows: 3\n" in words
    assert "holds  The exchange signed this receipt, word for word.\n" in words
    assert "no old one changed" in words
    assert words.endswith("All of it holds.\n")
    assert "FAILS" not in words


def test_it_speaks_chinese(evidence: Evidence) -> None:
    status, words = said(evidence.receipt, language=Language.ZH)

    assert status == 0
    assert words.endswith("全部成立。\n")


def test_a_file_cannot_steer_the_terminal(evidence: Evidence) -> None:
    _, words = said(evidence.receipt)

    assert "公交\u3000�[2J�站点" in words
    assert "\u001b" not in words
    assert "\u202e" not in words


def test_a_changed_receipt_fails_and_says_where(evidence: Evidence) -> None:
    bundle = evidence.receipt.read_bytes()
    evidence.receipt.write_bytes(bundle.replace(b'\\"rows\\":3', b'\\"rows\\":4'))
    assert read_bundle(evidence.receipt.read_bytes())

    status, words = said(evidence.receipt)

    assert status == 1
    assert "FAILS  The signature does not fit the words of this receipt.\n" in words
    assert words.endswith("Do not rely on this file.\n")


def test_a_key_is_trusted_because_the_reader_names_it(evidence: Evidence) -> None:
    assert said(evidence.receipt, key=evidence.log_id)[0] == 0
    status, words = said(evidence.receipt, key="another")

    assert status == 1
    assert "FAILS  Key another, which you trust, does not stand behind this log.\n" in words


def test_the_whole_log_is_checked_too(evidence: Evidence) -> None:
    status, words = said(evidence.log, evidence.head)
    lines = evidence.log.read_bytes()
    evidence.log.write_bytes(lines.replace(b"key.minted", b"key.hidden", 1))
    failed, why = said(evidence.log, evidence.head)

    assert status == 0
    assert "entries were hashed again and fit." in words
    assert failed == 1
    assert "FAILS  Entries changed after they were logged: 1, at 0." in why


def test_programs_are_told_in_json_with_both_languages(evidence: Evidence) -> None:
    status, words = said(evidence.receipt, evidence.head, as_json=True)

    told = json.loads(words)
    assert status == 0
    assert told["is_valid"] is True
    assert told["receipt"]["rows"] == 3
    assert {check["name"] for check in told["checks"]} >= {"receipt", "inclusion", "growth"}
    assert all(set(check["words"]) == {"zh", "en"} for check in told["checks"])


@pytest.mark.parametrize("content", [b"", b"{}", b"no", b'{"format": "weir-log/1"}', b"\xff\xfe"])
def test_what_is_no_evidence_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)

    status, words = said(path)

    assert status == 1
    assert words.startswith("The file cannot be read as evidence: ")
    assert json.loads(said(path, as_json=True)[1])["is_valid"] is False


def test_a_missing_file_is_told_in_words(tmp_path: Path) -> None:
    status, words = said(tmp_path / "nothing")

    assert status == 1
    assert words.startswith("The file cannot be opened: ")


def test_the_verifier_brings_no_server_and_no_database_with_it() -> None:
    heavy = {"fastapi", "starlette", "psycopg", "duckdb", "pandas", "pyarrow", "procrastinate"}
    code = f"import sys, portal.verify; print(sorted(set(sys.modules) & {heavy!r}))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
