"""A user's statement before the engine sees it: bounds on its text, and which tables it names.

The parser here is not the engine's and decides nothing: what it overlooks is not attached, and
the engine then answers that there is no such table. It only says for which tables a decision is
needed, and refuses early what is not worth a process.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from catalog.errors import MalformedStatement, NotOneSelect
from catalog.statement import folded
from exchange.errors import StatementTooLarge
from exchange.statement import STATEMENT_BYTES_MAX, Statement
from policies.errors import N_, Said

STATEMENTS_REMEMBERED_MAX = 128
TOKENS_MAX = 10_000
BRACKET_DEPTH_MAX = 100
TABLES_NAMED_MAX = 32
_DIALECT = "duckdb"
_OPENING = frozenset([TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE])
_CLOSING = frozenset([TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE])
_KEYWORDS = frozenset(
    [
        *(TokenType.SELECT, TokenType.FROM, TokenType.WHERE, TokenType.JOIN, TokenType.GROUP_BY),
        *(TokenType.ORDER_BY, TokenType.LIMIT, TokenType.AND, TokenType.OR, TokenType.HAVING),
        *(TokenType.ALIAS, TokenType.ON, TokenType.BETWEEN, TokenType.DISTINCT, TokenType.UNION),
    ]
)
_WORDS_MAX = {
    TokenType.SELECT: 100,
    TokenType.FROM: 100,
    TokenType.JOIN: 40,
    TokenType.UNION: 40,
    TokenType.INTERSECT: 40,
    TokenType.EXCEPT: 40,
    TokenType.OR: 2_000,
    TokenType.CASE: 500,
}

_MULTIPLYING = (
    *(exp.Join, exp.Lateral, exp.Unnest, exp.Explode, exp.GenerateSeries, exp.Anonymous),
    *(exp.Cube, exp.Rollup, exp.GroupingSets, exp.Pivot),
)
_BUILDING = (
    *(exp.ArrayAgg, exp.GroupConcat, exp.JSONArrayAgg, exp.JSONObjectAgg, exp.DPipe, exp.Concat),
    *(exp.ConcatWs, exp.Array, exp.Struct, exp.Pivot, exp.Map),
    # A function that the parser has no name for may gather values too.
    *(exp.Anonymous, exp.AnonymousAggFunc),
)


@lru_cache(maxsize=STATEMENTS_REMEMBERED_MAX)
def read_statement(text: str) -> Statement:
    """Check a text and find out which tables it names.

    It says the same of a text whoever asks and whatever there is, so it is remembered.

    Raises: StatementTooLarge, MalformedStatement, NotOneSelect.
    """
    tokens = _tokens(text)
    tree = _parsed(text)
    try:
        return Statement(
            text,
            _tables(tree),
            _hash(tokens),
            _rows_at_most(tree),
            _is_one_table(tree),
            _builds_values(tree),
        )
    except RecursionError:
        raise StatementTooLarge(Said(N_("steps in steps")), BRACKET_DEPTH_MAX) from None


def tables_named_in(text: str) -> frozenset[str]:
    """Names of the tables that a statement reads, in lower case.

    Raises: as `read_statement`.
    """
    return read_statement(text).tables


def normalized_hash(text: str) -> str:
    """SHA-256 in hexadecimal, equal for texts that differ only in spaces, comments and keywords.

    Raises: as `read_statement`.
    """
    return _hash(_tokens(text))


def _tokens(text: str) -> Sequence[Token]:
    """The words of a text within its bounds, without its final semicolons."""
    try:
        size_bytes = len(text.encode())
    except UnicodeEncodeError:
        raise MalformedStatement(Said(N_("it holds half a character"))) from None
    if size_bytes > STATEMENT_BYTES_MAX:
        raise StatementTooLarge(Said(N_("bytes")), STATEMENT_BYTES_MAX)
    if "\0" in text:
        raise MalformedStatement(Said(N_("it holds a NUL character")))
    try:
        tokens = sqlglot.tokenize(text, read=_DIALECT)
    except SqlglotError:
        raise MalformedStatement(Said(N_("a quoted text or name does not end"))) from None
    if len(tokens) > TOKENS_MAX:
        raise StatementTooLarge(Said(N_("words")), TOKENS_MAX)
    _check_depth(tokens)
    counts = Counter(token.token_type for token in tokens)
    for word, count_max in _WORDS_MAX.items():
        if counts[word] > count_max:
            raise StatementTooLarge(word.name, count_max)
    while tokens and tokens[-1].token_type is TokenType.SEMICOLON:
        tokens = tokens[:-1]
    if not tokens or TokenType.SEMICOLON in {token.token_type for token in tokens}:
        raise NotOneSelect
    return tokens


def _check_depth(tokens: Sequence[Token]) -> None:
    depth = 0
    for token in tokens:
        if token.token_type in _OPENING:
            depth += 1
            if depth > BRACKET_DEPTH_MAX:
                raise StatementTooLarge(Said(N_("brackets in brackets")), BRACKET_DEPTH_MAX)
        elif token.token_type in _CLOSING:
            depth -= 1


def _hash(tokens: Sequence[Token]) -> str:
    """Words keep their case, since columns of the answer are called as they are written."""
    parts = "\0".join(f"{token.token_type.name}\1{_spelled(token)}" for token in tokens)
    return hashlib.sha256(parts.encode()).hexdigest()


def _spelled(token: Token) -> str:
    """Only words of the language may change their case, and only those that name nothing."""
    return "" if token.token_type in _KEYWORDS else token.text


def _parsed(text: str) -> exp.Expr:
    try:
        parsed = sqlglot.parse(text, read=_DIALECT)
    except ParseError as error:
        told = error.errors[0] if error.errors else {}
        where = f"line {told.get('line')}, column {told.get('col')}" if told else "somewhere"
        raise MalformedStatement(Said(N_("it cannot be read at {where}"), where=where)) from None
    except SqlglotError:
        raise MalformedStatement(Said(N_("it cannot be read"))) from None
    except RecursionError:
        raise StatementTooLarge(Said(N_("steps in steps")), BRACKET_DEPTH_MAX) from None
    statements = [statement for statement in parsed if statement is not None]
    if len(statements) != 1 or not isinstance(statements[0], exp.Query | exp.Values):
        raise NotOneSelect
    return statements[0]


def _tables(statement: exp.Expr) -> frozenset[str]:
    names = frozenset(_names(statement))
    if len(names) > TABLES_NAMED_MAX:
        raise StatementTooLarge(Said(N_("tables")), TABLES_NAMED_MAX)
    return names


def _names(statement: exp.Expr) -> Iterator[str]:
    for table in statement.find_all(exp.Table):
        if isinstance(table.this, exp.Func | exp.Anonymous):
            continue
        path = [part.name for part in table.parts]
        name = folded(".".join(path))
        if len(path) > 1 or not _is_named_query(table, name):
            yield name


def _is_named_query(table: exp.Table, name: str) -> bool:
    """Whether a WITH that is in force at this place has given the name."""
    inside: exp.Expr | None = table
    own_clause: exp.Expr | None = None
    while inside is not None:
        parent = inside.parent
        known: Sequence[exp.Expr] = []
        if isinstance(parent, exp.With):
            place = parent.expressions.index(inside)
            known = parent.expressions[: place + bool(parent.args.get("recursive"))]
            own_clause = parent
        else:
            clause = inside.args.get("with_")
            if isinstance(clause, exp.With) and clause is not own_clause:
                known = clause.expressions
        if any(folded(query.alias) == name for query in known):
            return True
        inside = parent
    return False


def _rows_at_most(statement: exp.Expr) -> int | None:
    bounds = [_limit(statement), 1 if _is_aggregated(statement) else None]
    return min((bound for bound in bounds if bound is not None), default=None)


def _limit(statement: exp.Expr) -> int | None:
    limit = statement.args.get("limit")
    if not isinstance(limit, exp.Limit) or limit.args.get("limit_options"):
        return None
    number = limit.expression
    if isinstance(number, exp.Literal) and not number.is_string and number.name.isdecimal():
        return int(number.name)
    return None


def _is_aggregated(statement: exp.Expr) -> bool:
    """Whether the answer is one row about a whole table."""
    return (
        isinstance(statement, exp.Select)
        and not statement.args.get("group")
        and bool(statement.expressions)
        and all(isinstance(item.unalias(), exp.AggFunc) for item in statement.expressions)
        and statement.find(exp.Unnest, exp.Explode) is None
    )


def _is_one_table(statement: exp.Expr) -> bool:
    return (
        isinstance(statement, exp.Select)
        and len(list(statement.find_all(exp.Table))) == 1
        and len(list(statement.find_all(exp.Select))) == 1
        and statement.find(*_MULTIPLYING) is None
    )


def _builds_values(statement: exp.Expr) -> bool:
    return statement.find(*_BUILDING) is not None or any(
        named.args.get("recursive") for named in statement.find_all(exp.With)
    )
