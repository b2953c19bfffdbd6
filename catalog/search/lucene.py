"""The query language that clients of Solr and CKAN speak, read into our own tree.

`luqum` parses; this file gives each node its meaning. The default operator is AND, also for the
bare space between clauses. Whatever reaches past the search is refused.

Source: CKAN 2.12, `package_search`; Apache Solr, standard query parser and date math.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta
from typing import Final

from luqum import tree
from luqum.exceptions import IllegalCharacterError, ParseError, ParseSyntaxError
from luqum.thread import parse

from catalog.search.errors import (
    QueryForbidden,
    QueryTooLarge,
    QueryUnreadable,
    SortUnreadable,
    UnfitSearchValue,
)
from catalog.search.fields import ALIASES, SORTABLE, TITLE_SORT, Kind, kind_of
from catalog.search.query import (
    BEST_FIRST,
    DEPTH_MAX,
    PARTS_MAX,
    TEXT_LENGTH_CHARACTERS,
    All,
    Boosted,
    Either,
    Everything,
    Not,
    Pattern,
    Phrase,
    Present,
    Query,
    SortKey,
    Span,
    Value,
    Wildcard,
    Words,
)

SLOP_MAX: Final = 100
SORT_KEYS_MAX: Final = 8
INTEGER_BITS: Final = 63
_FORBIDDEN_FIELDS: Final = frozenset({"_query_", "_val_"})
_NEGATED = re.compile(r"(?:(?<=^)|(?<=[\s(]))!(?=\S)")
_OPERATORS: Final = (
    (re.compile(r"(?<=\s)&&(?=\s)"), "AND"),
    (re.compile(r"(?<=\s)\|\|(?=\s)"), "OR"),
)
_QUOTED = re.compile(r'("(?:[^"\\]|\\.)*")')
_MATH = re.compile(r"([+-]\d{1,9}|/)([A-Z]+)")
_MOMENT = re.compile(
    r"(\d{4})(?:-(\d{2})(?:-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?)?)?"
    r"(Z|[+-]\d{2}:?\d{2})?"
)


def read_query(text: str, *, at: datetime) -> Query:
    """What CKAN's `q` asks for: words, or a query of fields where there is a colon in it.

    Words alone are never refused: what does not parse is taken as it stands.

    Raises: QueryUnreadable, QueryForbidden, QueryTooLarge, UnknownSearchField, UnfitSearchValue.
    """
    if not text.strip():
        return Everything()
    if ":" in text:
        return read_filter(text, at=at)
    _check(text)
    try:
        return read_filter(text, at=at)
    except QueryUnreadable:
        return Words(text)


def read_filter(text: str, *, at: datetime) -> Query:
    """What one `fq` asks for; empty asks for everything.

    Raises: QueryUnreadable, QueryForbidden, QueryTooLarge, UnknownSearchField, UnfitSearchValue.
    """
    if not text.strip():
        return Everything()
    _check(text)
    try:
        parsed = parse(_with_words_for_signs(text))
    except (ParseSyntaxError, ParseError, IllegalCharacterError) as failure:
        raise QueryUnreadable(str(failure).rstrip(" .!")) from None
    return _Reading(at).read(parsed, None)


def read_sort(text: str | None) -> tuple[SortKey, ...]:
    """The order that `sort` names; the best first where it names none.

    Raises: SortUnreadable.
    """
    if text is None or text.strip().lower() in ("", "rank", "none"):
        return BEST_FIRST
    keys = []
    for part in text.split(","):
        words = part.split()
        if not 1 <= len(words) <= 2:
            raise SortUnreadable(text)
        field = ALIASES.get(words[0], words[0])
        direction = words[1].lower() if len(words) == 2 else "asc"
        if field not in SORTABLE or direction not in ("asc", "desc"):
            raise SortUnreadable(text)
        keys.append(SortKey(TITLE_SORT if field == "title" else field, direction == "desc"))
    if len(keys) > SORT_KEYS_MAX:
        raise SortUnreadable(text)
    return tuple(keys)


def read_moment(text: str, *, at: datetime) -> datetime:
    """A date with date math: `NOW-7DAYS`, `2024-05-01T00:00:00Z/MONTH`, `2024-05-01`.

    Raises: ValueError, OverflowError.
    """
    if text.startswith("NOW"):
        moment, rest = at, text[3:]
    else:
        found = _MOMENT.match(text)
        if found is None:
            raise ValueError(text)
        year, month, day, hour, minute, second, fraction, zone = found.groups()
        moment = datetime(
            int(year),
            int(month or 1),
            int(day or 1),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            int((fraction or "0")[:6].ljust(6, "0")),
            tzinfo=UTC,
        )
        if zone not in (None, "Z"):
            offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
            moment = moment - offset if zone[0] == "+" else moment + offset
        rest = text[found.end() :]
    while rest:
        step = _MATH.match(rest)
        if step is None:
            raise ValueError(text)
        amount, unit = step.groups()
        unit = unit.removesuffix("S")
        moment = _rounded(moment, unit) if amount == "/" else _moved(moment, int(amount), unit)
        rest = rest[step.end() :]
    return moment


class _Reading:
    """One query being read; counts its parts."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.parts = 0

    def read(self, node: tree.Item, field: str | None) -> Query:  # noqa: C901 - one case a node
        match node:
            case tree.Group() | tree.FieldGroup():
                return self.read(node.expr, field)
            case tree.SearchField():
                return self._field(node, field)
            case tree.Prohibit() | tree.Not():
                return Not(self.read(node.a, field))
            case tree.Plus():
                return self.read(node.a, field)
            case tree.OrOperation():
                return Either(tuple(self.read(child, field) for child in node.children))
            case tree.AndOperation() | tree.UnknownOperation() | tree.BoolOperation():
                return _all([self.read(child, field) for child in node.children])
            case tree.Boost():
                return Boosted(self.read(node.expr, field), max(0.0, min(float(node.force), 1000)))
            case tree.Proximity():
                return self._phrase(node.term, field, slop=min(int(node.degree), SLOP_MAX))
            case tree.Phrase():
                return self._phrase(node, field, slop=0)
            case tree.Range():
                return self._range(node, field)
            case tree.From() | tree.To():
                return self._open_range(node, field)
            case tree.Word():
                return self._word(node.value, field)
            case tree.Fuzzy():
                raise QueryUnreadable("words that are only alike are not searched")
            case tree.Regex():
                raise QueryUnreadable("regular expressions are not searched")
            case _:
                raise QueryUnreadable(str(node))

    def _field(self, node: tree.SearchField, around: str | None) -> Query:
        if node.name in _FORBIDDEN_FIELDS:
            raise QueryForbidden(node.name)
        name = _plain(node.name)
        inner = node.expr
        if name == "*":
            if isinstance(inner, tree.Word) and inner.value == "*":
                return Everything()
            raise QueryUnreadable("only *:* may name every field")
        kind_of(name)
        if around is not None or isinstance(inner, tree.SearchField):
            raise QueryUnreadable(f"“{name}” follows another field")
        return self.read(inner, ALIASES.get(name, name))

    def _word(self, raw: str, field: str | None) -> Query:
        self._count()
        parts = _parts(raw)
        if parts == (Wildcard(),):
            return Everything() if field is None else Present(field)
        if any(isinstance(part, Wildcard) for part in parts):
            kind = Kind.TEXT if field is None else kind_of(field)
            if kind in (Kind.NUMBER, Kind.DATE):
                assert field is not None
                raise UnfitSearchValue(field, raw)
            return Pattern(parts, field)
        return self._plain_value("".join(str(part) for part in parts), field)

    def _phrase(self, node: tree.Phrase, field: str | None, *, slop: int) -> Query:
        self._count()
        text = _plain(node.value[1:-1])
        if field is None or kind_of(field) is Kind.TEXT or field.startswith(_WORDY):
            return Phrase(text, field, slop)
        return self._plain_value(text, field)

    def _plain_value(self, text: str, field: str | None) -> Query:
        if field is None:
            return Words(text)
        kind = kind_of(field)
        if kind is Kind.TEXT or (kind is Kind.DYNAMIC and field.startswith(_WORDY)):
            return Words(text, field)
        return Value(field, self._typed(text, field, kind))

    def _range(self, node: tree.Range, field: str | None) -> Query:
        if field is None:
            raise QueryUnreadable("a range needs a field")
        self._count()
        return Span(
            field,
            self._bound(node.low, field),
            self._bound(node.high, field),
            node.include_low,
            node.include_high,
        )

    def _open_range(self, node: tree.From | tree.To, field: str | None) -> Query:
        if field is None:
            raise QueryUnreadable("a range needs a field")
        self._count()
        bound = self._bound(node.a, field)
        if isinstance(node, tree.From):
            return Span(field, bound, None, includes_low=node.include)
        return Span(field, None, bound, includes_high=node.include)

    def _bound(self, node: tree.Item, field: str) -> str | int | datetime | None:
        match node:
            case tree.Phrase():
                text = _plain(node.value[1:-1])
            case tree.Word():
                if node.value == "*":
                    return None
                text = _plain(node.value)
            case _:
                raise QueryUnreadable("a range needs plain bounds")
        kind = kind_of(field)
        if kind is Kind.TEXT:
            raise UnfitSearchValue(field, text)
        return self._typed(text, field, kind)

    def _typed(self, text: str, field: str, kind: Kind) -> str | int | datetime:
        try:
            if kind is Kind.NUMBER:
                number = int(text)
                if abs(number) >> INTEGER_BITS:
                    raise UnfitSearchValue(field, text)
                return number
            if kind is Kind.DATE or (kind is Kind.DYNAMIC and field.endswith("_date")):
                return read_moment(text, at=self.at)
        except (ValueError, OverflowError):
            raise UnfitSearchValue(field, text) from None
        return text

    def _count(self) -> None:
        self.parts += 1
        if self.parts > PARTS_MAX:
            raise QueryTooLarge(PARTS_MAX)


_WORDY: Final = ("extras_", "res_extras_")
"""Fields of a record's own making that are read as text; vocabularies are compared as a whole."""


def _all(parts: list[Query]) -> Query:
    """Every part; words that stand side by side stay one text, so that terms are seen in them."""
    joined: list[Query] = []
    for part in parts:
        last = joined[-1] if joined else None
        if isinstance(part, Words) and isinstance(last, Words) and part.field == last.field:
            joined[-1] = Words(f"{last.text} {part.text}", last.field)
        else:
            joined.append(part)
    return joined[0] if len(joined) == 1 else All(tuple(joined))


def _check(text: str) -> None:
    if len(text) > TEXT_LENGTH_CHARACTERS:
        raise QueryTooLarge(PARTS_MAX)
    if "{!" in text:
        raise QueryForbidden("{!")
    if text.count("(") > PARTS_MAX or text.count("[") > PARTS_MAX:
        raise QueryTooLarge(PARTS_MAX)
    depth = 0
    for sign in text:
        depth += (sign == "(") - (sign == ")")
        if depth > DEPTH_MAX:
            raise QueryTooLarge(PARTS_MAX)
    if len(text.split()) > PARTS_MAX or sum(text.count(sign) for sign in "+-!") > 2 * PARTS_MAX:
        raise QueryTooLarge(PARTS_MAX)


def _with_words_for_signs(text: str) -> str:
    """`!a` as `-a`, `&&` and `||` as words, but not within quotes."""
    pieces = _QUOTED.split(text)
    for index in range(0, len(pieces), 2):
        piece = _NEGATED.sub("-", pieces[index])
        for sign, word in _OPERATORS:
            piece = sign.sub(word, piece)
        pieces[index] = piece
    return "".join(pieces)


def _plain(raw: str) -> str:
    """A text without its escapes."""
    return re.sub(r"\\(.)", r"\1", raw, flags=re.DOTALL)


def _parts(raw: str) -> tuple[str | Wildcard, ...]:
    """Literal text and wildcards of a word, in order."""
    parts: list[str | Wildcard] = []
    literal = ""
    signs = iter(raw)
    for sign in signs:
        if sign == "\\":
            literal += next(signs, "")
        elif sign in "*?":
            if literal:
                parts.append(literal)
            literal = ""
            wildcard = Wildcard(is_single=sign == "?")
            if wildcard.is_single or not parts or parts[-1] != wildcard:
                parts.append(wildcard)
        else:
            literal += sign
    if literal:
        parts.append(literal)
    return tuple(parts)


def _moved(moment: datetime, amount: int, unit: str) -> datetime:
    match unit:
        case "YEAR" | "MONTH":
            months = moment.year * 12 + moment.month - 1 + amount * (12 if unit == "YEAR" else 1)
            year, month = divmod(months, 12)
            day = min(moment.day, monthrange(year, month + 1)[1])
            return moment.replace(year=year, month=month + 1, day=day)
        case "WEEK":
            return moment + timedelta(weeks=amount)
        case "DAY" | "DATE":
            return moment + timedelta(days=amount)
        case "HOUR":
            return moment + timedelta(hours=amount)
        case "MINUTE":
            return moment + timedelta(minutes=amount)
        case "SECOND":
            return moment + timedelta(seconds=amount)
        case "MILLI" | "MILLISECOND":
            return moment + timedelta(milliseconds=amount)
        case _:
            raise ValueError(unit)


def _rounded(moment: datetime, unit: str) -> datetime:
    match unit:
        case "YEAR":
            return moment.replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
        case "MONTH":
            return moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        case "DAY" | "DATE":
            return moment.replace(hour=0, minute=0, second=0, microsecond=0)
        case "HOUR":
            return moment.replace(minute=0, second=0, microsecond=0)
        case "MINUTE":
            return moment.replace(second=0, microsecond=0)
        case "SECOND":
            return moment.replace(microsecond=0)
        case _:
            raise ValueError(unit)
