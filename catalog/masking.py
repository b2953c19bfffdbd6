# ruff: noqa: S608
"""A mask as SQL of one column, for the statement that builds a view's copy or its preview.

The text is put together from quoted names, numbers and the key in hexadecimal alone.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from catalog.errors import MaskKeyMissing
from catalog.mask import Mask, MaskKind, Period, Suppression
from catalog.row_sql import literal, quoted

_HMAC_BLOCK_BYTES = 64
_FRACTIONS = ("DOUBLE", "FLOAT", "DECIMAL")
_PERIODS = {
    Period.DAY: "strftime({at}, '%Y-%m-%d')",
    Period.MONTH: "strftime({at}, '%Y-%m')",
    Period.QUARTER: "strftime({at}, '%Y-Q') || quarter({at})",
    Period.YEAR: "strftime({at}, '%Y')",
}
_NOISE_BITS = 52


def key_for(secret: bytes, agreement: str) -> bytes:
    """The key of one agreement: what two buyers get cannot be joined by its hashes."""
    return hmac.new(secret, f"agreement:{agreement}".encode(), hashlib.sha256).digest()


def masked(name: str, type_name: str, mask: Mask, *, key: bytes | None, row: Sequence[str]) -> str:
    """SQL for a column as it may be seen, under its own name. `row` are all columns of the table.

    Raises: MaskKeyMissing.
    """
    column = quoted(name)
    text = f"CAST({column} AS VARCHAR)"
    if mask.is_keyed and not key:
        raise MaskKeyMissing(name)
    match mask.kind:
        case MaskKind.DROP:
            raise AssertionError("a dropped column is not visible")
        case MaskKind.PARTIAL:
            shown = _partial(text, mask)
        case MaskKind.HASH:
            assert key is not None
            shown = _hmac(f"encode({text})", key)
        case MaskKind.TOKEN:
            assert key is not None
            shown = _token(text, key)
        case MaskKind.BIN:
            shown = _bin(column, mask)
        case MaskKind.PERIOD:
            assert mask.period is not None
            # A time with a zone is cut as the offices' clocks show it.
            at = (
                f"timezone('Asia/Shanghai', {column})"
                if type_name == "TIMESTAMP WITH TIME ZONE"
                else f"TRY_CAST({text} AS TIMESTAMP)"
            )
            shown = _PERIODS[mask.period].format(at=at)
        case MaskKind.GRID:
            shown = f"round(TRY_CAST({text} AS DOUBLE), {mask.decimals})"
        case MaskKind.NOISE:
            assert key is not None
            shown = _noise(name, type_name, mask, key, row)
    return f"CASE WHEN {column} IS NULL THEN NULL ELSE {shown} END AS {column}"


def suppressed(columns: Sequence[str], suppression: Suppression) -> str:
    """The SELECT list over masked columns with small groups made empty."""
    group = ", ".join(quoted(name) for name in sorted(suppression.columns))
    size = f"count(*) OVER (PARTITION BY {group})"
    return ", ".join(
        f"CASE WHEN {size} >= {suppression.least} THEN {quoted(name)} END AS {quoted(name)}"
        if name in suppression.columns
        else quoted(name)
        for name in columns
    )


def _partial(text: str, mask: Mask) -> str:
    hidden = f"length({text}) - {mask.keep_first + mask.keep_last}"
    return (
        f"CASE WHEN {hidden} > 0 THEN left({text}, {mask.keep_first})"
        f" || repeat('*', {hidden}) || right({text}, {mask.keep_last})"
        f" ELSE repeat('*', length({text})) END"
    )


def _token(text: str, key: bytes) -> str:
    """Another digit or letter for each, drawn from the HMAC of the whole value.

    The 64 hexadecimal digits are used again, moved on by one, after each 32 characters. Only
    punctuation, symbols and blanks stay. Whatever else stood there becomes “某”: Han, digits of
    other scripts (full-width ones among them), and characters younger than the engine's tables.
    """
    drawn = "CAST('0x' || substr(h, (2 * i) % 64 + 1, 2) AS INTEGER) + CAST(i // 32 AS INTEGER)"
    first = "strpos(t, regexp_extract(t, '[0-9]'))"
    return (
        f"(SELECT array_to_string(list_transform(range(0, length(t)), lambda i: "
        f"CASE WHEN regexp_full_match(t[i + 1], '[0-9]') THEN"
        f" CASE WHEN i + 1 = {first} THEN '0' ELSE chr(48 + ({drawn}) % 10) END"
        f" WHEN regexp_full_match(t[i + 1], '[A-Z]') THEN chr(65 + ({drawn}) % 26)"
        f" WHEN regexp_full_match(t[i + 1], '[a-z]') THEN chr(97 + ({drawn}) % 26)"
        rf" WHEN regexp_full_match(t[i + 1], '[\p{{P}}\p{{S}}\p{{Z}}\t\n\r]') THEN t[i + 1]"
        f" ELSE '某' END), '')"
        f" FROM (SELECT {text} AS t, {_hmac(f'encode({text})', key)} AS h))"
    )


def _bin(column: str, mask: Mask) -> str:
    """The bin with its lower end inside: “[20, 30)”."""
    width = _plain(mask.width)
    low = f"floor(TRY_CAST(CAST({column} AS VARCHAR) AS DOUBLE) / {width}) * {width}"
    # Printing with 12 digits hides what binary fractions add: 0.30000000000000004.
    return f"printf('[%.12g, %.12g)', {low}, {low} + {width})"


def _noise(name: str, type_name: str, mask: Mask, key: bytes, row: Sequence[str]) -> str:
    """Laplace noise by the inverse of its distribution, drawn from the HMAC of the whole row."""
    cells = ", ".join(f"coalesce(CAST({quoted(one)} AS VARCHAR), '')" for one in row)
    seed = f"encode(concat_ws(chr(31), {literal(name)}, {cells}))"
    drawn = f"CAST('0x' || substr({_hmac(seed, key)}, 1, {_NOISE_BITS // 4}) AS BIGINT)"
    u = f"(({drawn} + 0.5) / {1 << _NOISE_BITS}.0 - 0.5)"
    value = f"TRY_CAST(CAST({quoted(name)} AS VARCHAR) AS DOUBLE)"
    noisy = f"{value} - {_plain(mask.width)} * sign({u}) * ln(1 - 2 * abs({u}))"
    # Whole numbers, as text or not, stay whole: what still reads as one is then found to.
    return noisy if type_name.startswith(_FRACTIONS) else f"CAST(round({noisy}) AS BIGINT)"


def _hmac(message: str, key: bytes) -> str:
    """HMAC-SHA256 in hexadecimal. Source: RFC 2104 s. 2."""
    if len(key) > _HMAC_BLOCK_BYTES:
        key = hashlib.sha256(key).digest()
    padded = key.ljust(_HMAC_BLOCK_BYTES, b"\0")
    inner = bytes(b ^ 0x36 for b in padded).hex()
    outer = bytes(b ^ 0x5C for b in padded).hex()
    return f"sha256(unhex('{outer}') || unhex(sha256(unhex('{inner}') || {message})))"


def _plain(number: float | None) -> str:
    assert number is not None
    return f"CAST('{number!r}' AS DOUBLE)"
