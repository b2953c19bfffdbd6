"""The files that carry evidence out of the exchange: receipt bundles, tree heads, log exports.

All of them can be checked with nothing but this package's pure parts: no database, no account, no
network. Bytes are written in hexadecimal. The formats are described in docs/receipts.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from policies.canonical import Plain
from policies.errors import UnreadableProof
from policies.events import moment_text
from policies.evidence.leaf import ConsistencyProof, InclusionProof, Leaf
from policies.evidence.merkle import PROOF_LENGTH_HASHES_MAX
from policies.evidence.organization_key import OrganizationKey
from policies.evidence.signing_key import KeyPurpose, SigningKey
from policies.evidence.tree_head import HEAD_FORMAT, SignedTreeHead, TreeHead

RECEIPT_FORMAT = "weir-receipt/1"
HEAD_FILE_FORMAT = "weir-head/1"
LOG_FORMAT = "weir-log/1"
STATEMENT_FORMAT = "weir-statement/1"
AGREEMENT_FORMAT = "weir-agreement/1"

FILE_LENGTH_BYTES_MAX = 10_000_000
"""Receipt bundles and heads; a log export is read line by line, each line at most as long."""
KEYS_MAX = 1000


@dataclass(frozen=True, slots=True)
class SignedReceipt:
    """A receipt as it was signed: canonical JSON, the key's name, 64 bytes."""

    body: str
    kid: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class PartySignature:
    """One side's signature under an agreement: the key's name, 64 bytes."""

    kid: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class SignedAgreement:
    """An agreement as both sides signed it."""

    body: str
    """Canonical JSON of its eight sections, which names the terms by their hash."""
    terms: str
    """Canonical JSON of the ODRL agreement."""
    provider: PartySignature
    consumer: PartySignature


@dataclass(frozen=True, slots=True)
class BundledOrganizationKey:
    """An organisation's public key as a file carries it, endorsed by the log's key of its day."""

    kid: str
    organization_id: str
    public_key: bytes
    retire_at: datetime
    endorsed_by: str
    endorsement: bytes


@dataclass(frozen=True, slots=True)
class AgreementFile:
    """Everything that proves one agreement."""

    signed: SignedAgreement
    organization_keys: Mapping[str, BundledOrganizationKey]
    event_body: str
    inclusion: InclusionProof
    signed_head: SignedTreeHead
    keys: Mapping[str, BundledKey]


@dataclass(frozen=True, slots=True)
class BundledKey:
    """A public key as a file carries it, with the endorsement by the log's key of its day."""

    kid: str
    purpose: KeyPurpose
    public_key: bytes
    retire_at: datetime
    endorsed_by: str
    endorsement: bytes


@dataclass(frozen=True, slots=True)
class ReceiptBundle:
    """Everything that proves one receipt."""

    receipt: SignedReceipt
    event_body: str
    inclusion: InclusionProof
    signed_head: SignedTreeHead
    consistency: ConsistencyProof | None
    """None where no proof to another head was asked for."""
    keys: Mapping[str, BundledKey]


@dataclass(frozen=True, slots=True)
class HeadFile:
    """A tree head that somebody keeps, with the keys of its day."""

    signed_head: SignedTreeHead
    keys: Mapping[str, BundledKey]


@dataclass(frozen=True, slots=True)
class ExportedLeaf:
    """One line of a log export."""

    leaf_index: int
    leaf_hash: bytes
    body: str | None
    """None where the reader may not see it; then only the hash can be checked."""


# Writing -------------------------------------------------------------------------------------


def build_bundle(
    receipt: SignedReceipt,
    event_body: str,
    inclusion: InclusionProof,
    signed_head: SignedTreeHead,
    keys: Sequence[SigningKey],
    *,
    consistency: ConsistencyProof | None = None,
) -> bytes:
    """The file that proves one receipt.

    `inclusion` is that of the event that recorded the delivery, in the tree of `signed_head`;
    `consistency` goes between that tree and the one that the reader knows, where they ask for it.
    """
    return _file(
        {
            "format": RECEIPT_FORMAT,
            "receipt": {
                "body": receipt.body,
                "kid": receipt.kid,
                "signature": receipt.signature.hex(),
            },
            "event": event_body,
            "inclusion": _inclusion_plain(inclusion),
            "head": _head_plain(signed_head),
            "consistency": _consistency_plain(consistency) if consistency else None,
            "keys": [_key_plain(key) for key in keys],
        }
    )


def build_agreement_file(
    signed: SignedAgreement,
    organization_keys: Sequence[OrganizationKey],
    event_body: str,
    inclusion: InclusionProof,
    signed_head: SignedTreeHead,
    keys: Sequence[SigningKey],
) -> bytes:
    """The file that proves one agreement.

    `inclusion` is that of the event that tells of the signing, in the tree of `signed_head`.
    """
    log_keys = [_bundled(key) for key in keys if key.purpose is KeyPurpose.LOG]
    return _agreement_bytes(
        AgreementFile(
            signed,
            {key.kid: _bundled_organization_key(key) for key in organization_keys},
            event_body,
            inclusion,
            signed_head,
            {key.kid: key for key in log_keys},
        )
    )


def build_head_file(signed_head: SignedTreeHead, keys: Sequence[SigningKey]) -> bytes:
    """The file to keep today, so that the log can be held to it later."""
    return _file(
        {
            "format": HEAD_FILE_FORMAT,
            "head": _head_plain(signed_head),
            "keys": [_key_plain(key) for key in keys if key.purpose is KeyPurpose.LOG],
        }
    )


def export_head_line(signed_head: SignedTreeHead, keys: Sequence[SigningKey]) -> bytes:
    """The first line of a log export, which holds all leaves of that head's tree."""
    return _line(
        {
            "format": LOG_FORMAT,
            "head": _head_plain(signed_head),
            "keys": [_key_plain(key) for key in keys if key.purpose is KeyPurpose.LOG],
        }
    )


def export_leaf_line(leaf: Leaf) -> bytes:
    """One further line of a log export."""
    return _line(
        {"leaf_index": leaf.leaf_index, "leaf_hash": leaf.leaf_hash.hex(), "body": leaf.body}
    )


def statement_head_line(signed_head: SignedTreeHead, keys: Sequence[SigningKey]) -> bytes:
    """The first line of a statement: whose log it is, and the keys that its receipts need."""
    return _line(
        {
            "format": STATEMENT_FORMAT,
            "head": _head_plain(signed_head),
            "keys": [_key_plain(key) for key in keys],
        }
    )


def statement_line(name: str, signed: SignedReceipt) -> bytes:
    """One further line: a "receipt" as it was signed, the "statement" itself, an "invoice"."""
    told: dict[str, Plain] = {
        "body": signed.body,
        "kid": signed.kid,
        "signature": signed.signature.hex(),
    }
    return _line({name: told})


# Reading -------------------------------------------------------------------------------------


def read_bundle(data: bytes) -> ReceiptBundle:
    """Read a receipt bundle, believing nothing of it yet.

    Raises: UnreadableProof.
    """
    plain = _read_file(data, RECEIPT_FORMAT)
    receipt = _object(plain, "receipt")
    return ReceiptBundle(
        receipt=SignedReceipt(
            _text(receipt, "body"), _text(receipt, "kid"), _bytes(receipt, "signature")
        ),
        event_body=_text(plain, "event"),
        inclusion=_inclusion(plain),
        signed_head=_signed_head(_object(plain, "head")),
        consistency=_consistency(plain),
        keys=_keys(plain),
    )


def read_agreement_file(data: bytes) -> AgreementFile:
    """Read the file of an agreement, believing nothing of it yet.

    Nothing may stand in it but what is checked, written as it is written here: so a single byte
    that was altered is found, wherever it is.

    Raises: UnreadableProof.
    """
    plain = _read_file(data, AGREEMENT_FORMAT)
    told = _object(plain, "agreement")
    keys = [_organization_key(_as_object(item)) for item in _list(plain, "organization_keys", 2)]
    file = AgreementFile(
        signed=SignedAgreement(
            body=_text(told, "body"),
            terms=_text(told, "terms"),
            provider=_party(_object(plain, "provider")),
            consumer=_party(_object(plain, "consumer")),
        ),
        organization_keys={key.kid: key for key in keys},
        event_body=_text(plain, "event"),
        inclusion=_inclusion(plain),
        signed_head=_signed_head(_object(plain, "head")),
        keys=_keys(plain),
    )
    if _agreement_bytes(file) != data:
        raise UnreadableProof("something stands in it that does not belong there")
    return file


def read_head_file(data: bytes) -> HeadFile:
    """Read a kept tree head. A receipt bundle will do as well: it carries one.

    Raises: UnreadableProof.
    """
    plain = _read_file(data, HEAD_FILE_FORMAT, RECEIPT_FORMAT)
    return HeadFile(_signed_head(_object(plain, "head")), _keys(plain))


def read_export(lines: Iterator[bytes]) -> tuple[HeadFile, Iterable[ExportedLeaf]]:
    """Read a log export; its leaves are read as they are asked for.

    Raises: UnreadableProof, also while leaves are read.
    """
    plain = _read_file(next(lines, b""), LOG_FORMAT)
    head = HeadFile(_signed_head(_object(plain, "head")), _keys(plain))
    return head, (_leaf(line) for line in lines if line.strip())


def read_statement(
    lines: Iterator[bytes],
) -> tuple[HeadFile, Iterable[tuple[str, SignedReceipt]]]:
    """Read a statement; its lines are read as they are asked for, statement and invoices last.

    Raises: UnreadableProof, also while lines are read.
    """
    plain = _read_file(next(lines, b""), STATEMENT_FORMAT)
    head = HeadFile(_signed_head(_object(plain, "head")), _keys(plain))
    return head, (_statement_line(line) for line in lines if line.strip())


def _statement_line(line: bytes) -> tuple[str, SignedReceipt]:
    plain = _json_object(line)
    name = next((one for one in ("receipt", "invoice") if one in plain), "statement")
    told = _object(plain, name)
    signed = SignedReceipt(_text(told, "body"), _text(told, "kid"), _bytes(told, "signature"))
    return name, signed


def format_of(data: bytes) -> str:
    """Which of the formats a file, or the first line of one, says it has.

    Raises: UnreadableProof.
    """
    return _text(_json_object(data), "format")


def _agreement_bytes(file: AgreementFile) -> bytes:
    """The file as the exchange writes it."""
    return _file(
        {
            "format": AGREEMENT_FORMAT,
            "agreement": {"body": file.signed.body, "terms": file.signed.terms},
            "provider": _party_plain(file.signed.provider),
            "consumer": _party_plain(file.signed.consumer),
            "organization_keys": [
                _organization_key_plain(key) for key in file.organization_keys.values()
            ],
            "event": file.event_body,
            "inclusion": _inclusion_plain(file.inclusion),
            "head": _head_plain(file.signed_head),
            "keys": [_key_plain(key) for key in file.keys.values()],
        }
    )


def _party_plain(signed: PartySignature) -> dict[str, Plain]:
    return {"kid": signed.kid, "signature": signed.signature.hex()}


def _inclusion_plain(proof: InclusionProof) -> dict[str, Plain]:
    return {
        "leaf_index": proof.leaf_index,
        "tree_size": proof.tree_size,
        "hashes": [hashed.hex() for hashed in proof.hashes],
    }


def _head_plain(signed: SignedTreeHead) -> dict[str, Plain]:
    return {"body": signed.head.body(), "kid": signed.kid, "signature": signed.signature.hex()}


def _consistency_plain(proof: ConsistencyProof) -> dict[str, Plain]:
    return {
        "old_size": proof.old_size,
        "new_size": proof.new_size,
        "hashes": [hashed.hex() for hashed in proof.hashes],
    }


def _bundled(key: SigningKey) -> BundledKey:
    return BundledKey(
        key.kid, key.purpose, key.public_key, key.retire_at, key.endorsed_by, key.endorsement
    )


def _bundled_organization_key(key: OrganizationKey) -> BundledOrganizationKey:
    return BundledOrganizationKey(
        key.kid,
        str(key.organization_id),
        key.public_key,
        key.retire_at,
        key.endorsed_by,
        key.endorsement,
    )


def _organization_key_plain(key: BundledOrganizationKey) -> dict[str, Plain]:
    return {
        "kid": key.kid,
        "organization_id": key.organization_id,
        "public_key": key.public_key.hex(),
        "retire_at": moment_text(key.retire_at),
        "endorsed_by": key.endorsed_by,
        "endorsement": key.endorsement.hex(),
    }


def _key_plain(key: SigningKey | BundledKey) -> dict[str, Plain]:
    return {
        "kid": key.kid,
        "purpose": key.purpose.value,
        "public_key": key.public_key.hex(),
        "retire_at": moment_text(key.retire_at),
        "endorsed_by": key.endorsed_by,
        "endorsement": key.endorsement.hex(),
    }


def _file(plain: dict[str, Plain]) -> bytes:
    return (json.dumps(plain, ensure_ascii=False, indent=2) + "\n").encode()


def _line(plain: dict[str, Plain]) -> bytes:
    return (json.dumps(plain, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def _read_file(data: bytes, *formats: str) -> Mapping[str, object]:
    plain = _json_object(data)
    if _text(plain, "format") not in formats:
        raise UnreadableProof(f"format {plain['format']!r} is not {' or '.join(formats)}")
    return plain


def _json_object(data: bytes) -> Mapping[str, object]:
    if len(data) > FILE_LENGTH_BYTES_MAX:
        raise UnreadableProof(f"more than {FILE_LENGTH_BYTES_MAX} bytes")
    try:
        plain = json.loads(data)
    except (ValueError, RecursionError) as fault:
        raise UnreadableProof("not JSON") from fault
    if not isinstance(plain, dict):
        raise UnreadableProof("not a JSON object")
    return plain


def _signed_head(plain: Mapping[str, object]) -> SignedTreeHead:
    """The head, if its text is exactly what the fields in it would be written as."""
    body = _text(plain, "body")
    told = _json_object(body.encode())
    head = TreeHead(
        _text(told, "log_id"),
        _number(told, "tree_size"),
        _bytes(told, "root_hash"),
        _moment(told, "timestamp"),
    )
    if head.body() != body:
        raise UnreadableProof(f"the head is not canonical JSON of format {HEAD_FORMAT}")
    return SignedTreeHead(head, _text(plain, "kid"), _bytes(plain, "signature"))


def _consistency(plain: Mapping[str, object]) -> ConsistencyProof | None:
    if plain.get("consistency") is None:
        return None
    told = _object(plain, "consistency")
    return ConsistencyProof(_number(told, "old_size"), _number(told, "new_size"), _hashes(told))


def _keys(plain: Mapping[str, object]) -> dict[str, BundledKey]:
    keys = [_key(_as_object(item)) for item in _list(plain, "keys", KEYS_MAX)]
    return {key.kid: key for key in keys}


def _key(plain: Mapping[str, object]) -> BundledKey:
    try:
        purpose = KeyPurpose(_text(plain, "purpose"))
    except ValueError as fault:
        raise UnreadableProof("a key has an unknown purpose") from fault
    return BundledKey(
        _text(plain, "kid"),
        purpose,
        _bytes(plain, "public_key"),
        _moment(plain, "retire_at"),
        _text(plain, "endorsed_by"),
        _bytes(plain, "endorsement"),
    )


def _organization_key(plain: Mapping[str, object]) -> BundledOrganizationKey:
    return BundledOrganizationKey(
        _text(plain, "kid"),
        _text(plain, "organization_id"),
        _bytes(plain, "public_key"),
        _moment(plain, "retire_at"),
        _text(plain, "endorsed_by"),
        _bytes(plain, "endorsement"),
    )


def _party(plain: Mapping[str, object]) -> PartySignature:
    return PartySignature(_text(plain, "kid"), _bytes(plain, "signature"))


def _inclusion(plain: Mapping[str, object]) -> InclusionProof:
    told = _object(plain, "inclusion")
    return InclusionProof(_number(told, "leaf_index"), _number(told, "tree_size"), _hashes(told))


def _leaf(line: bytes) -> ExportedLeaf:
    plain = _json_object(line)
    body = None if plain.get("body") is None else _text(plain, "body")
    return ExportedLeaf(_number(plain, "leaf_index"), _bytes(plain, "leaf_hash"), body)


def _object(plain: Mapping[str, object], name: str) -> Mapping[str, object]:
    return _as_object(plain.get(name))


def _as_object(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise UnreadableProof("an object is missing")
    return value


def _text(plain: Mapping[str, object], name: str) -> str:
    value = plain.get(name)
    if not isinstance(value, str):
        raise UnreadableProof(f"{name} is not text")
    try:
        value.encode()
    except UnicodeEncodeError as fault:  # half of a surrogate pair
        raise UnreadableProof(f"{name} is not text") from fault
    return value


def _number(plain: Mapping[str, object], name: str) -> int:
    value = plain.get(name)
    if type(value) is not int or not 0 <= value < 2**53:
        raise UnreadableProof(f"{name} is not a whole number")
    return value


def _bytes(plain: Mapping[str, object], name: str) -> bytes:
    try:
        return bytes.fromhex(_text(plain, name))
    except ValueError as fault:
        raise UnreadableProof(f"{name} is not hexadecimal") from fault


def _moment(plain: Mapping[str, object], name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(plain, name))
        moment.astimezone(UTC)
    except (ValueError, OverflowError) as fault:  # the first hours of year 1 are none in UTC
        raise UnreadableProof(f"{name} is not a time") from fault
    if moment.tzinfo is None:
        raise UnreadableProof(f"{name} has no time zone")
    return moment


def _hashes(plain: Mapping[str, object]) -> tuple[bytes, ...]:
    items = _list(plain, "hashes", PROOF_LENGTH_HASHES_MAX)
    return tuple(_bytes({"a hash": item}, "a hash") for item in items)


def _list(plain: Mapping[str, object], name: str, length_max: int) -> list[object]:
    value = plain.get(name)
    if not isinstance(value, list) or len(value) > length_max:
        raise UnreadableProof(f"{name} is not a list of at most {length_max}")
    return value
