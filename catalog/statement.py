"""Which SQL statements of users may run: one SELECT, over permitted tables, of known functions.

The engine's own parse tree is walked, never the text. Every kind of node, function and table
function that may occur is listed here; what is not listed is refused, so that a new release of
the engine brings nothing in by itself. The lists are those of DuckDB 2.0.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from string import ascii_lowercase, ascii_uppercase
from typing import TypeAlias

from catalog.errors import ForbiddenPart, NoSuchTable, NotOneSelect

Tree: TypeAlias = bool | int | float | str | list["Tree"] | dict[str, "Tree"] | None
"""JSON as the engine's `json_serialize_sql` gives it."""

TREE_NODES_MAX = 50_000


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_QUERY_NODES = _words(
    """
    RECURSIVE_CTE_NODE SELECT_NODE SET_OPERATION_NODE
    """
)
_TABLE_NODES = _words(
    """
    BASE_TABLE EMPTY EXPRESSION_LIST JOIN SUBQUERY TABLE_FUNCTION
    """
)
_MODIFIERS = _words(
    """
    DISTINCT_MODIFIER LIMIT_MODIFIER LIMIT_PERCENT_MODIFIER ORDER_MODIFIER
    """
)
_ORDERS = _words(
    """
    ASCENDING DESCENDING ORDER_DEFAULT
    """
)
_BARE_NODES = _QUERY_NODES | _TABLE_NODES | _MODIFIERS | _ORDERS
_EXPRESSIONS = _words(
    """
    BETWEEN CASE CAST COLLATE COLUMN_REF COMPARISON CONJUNCTION CONSTANT FUNCTION LAMBDA
    OPERATOR STAR SUBQUERY TYPE WINDOW
    """
)
_JOINS = _words(
    """
    ASOF CROSS DEPENDENT NATURAL REGULAR
    """
)
TABLE_FUNCTIONS = _words(
    """
    generate_series json_each json_tree range unnest
    """
)
OPERATORS = _words(
    """
    != !__postfix !~~ !~~* % & && * ** + - ->> / // < <-> << <= <=> <@ = > >= >> @ @> ^ ^@ |
    || ~ ~~ ~~* ~~~
    """
)
_NUMBER_FUNCTIONS = _words(
    """
    abs acos acosh add asin asinh atan atan2 atanh bin binom bit_count cbrt ceil ceiling cos
    cosh cot degrees divide equi_width_bins even exp factorial fdiv floor fmod format_bytes
    formatreadabledecimalsize formatreadablesize gamma gcd greatest greatest_common_divisor
    isfinite isinf isnan lcm least least_common_multiple lgamma ln log log10 log2 mod
    multiply nextafter parse_formatted_bytes pi pow power radians random round round_even
    roundbankers sign signbit sin sinh sqrt subtract tan tanh trunc xor
    """
)
_TEXT_FUNCTIONS = _words(
    """
    array_to_string ascii bar base64 bit_length bit_position bitstring char_length
    character_length chr concat concat_ws contains damerau_levenshtein decode editdist3
    encode ends_with format from_base64 from_binary from_hex get_bit hamming hash hex
    ilike_escape instr jaccard jaro_similarity jaro_winkler_similarity lcase left
    left_grapheme len length length_grapheme levenshtein like_escape lower lpad ltrim md5
    md5_number md5_number_lower md5_number_upper mismatches nfc_normalize not_ilike_escape
    not_like_escape octet_length ord overlay position prefix printf regexp_escape
    regexp_extract regexp_extract_all regexp_full_match regexp_matches regexp_replace
    regexp_split_to_array repeat replace reverse right right_grapheme rpad rtrim set_bit
    sha1 sha256 split split_part starts_with str_split str_split_regex string_split
    string_split_regex string_to_array strip_accents strlen strpos substr substring
    substring_grapheme suffix to_base to_base64 to_binary to_hex translate trim ucase unbin
    unhex unicode upper url_decode url_encode
    """
)
_TIME_FUNCTIONS = _words(
    """
    age ago century current_date current_localtime current_localtimestamp date_add date_diff
    date_part date_sub date_trunc datediff datepart datesub datetrunc day dayname dayofmonth
    dayofweek dayofyear days_in_month decade epoch epoch_ms epoch_ns epoch_us era
    get_current_time get_current_timestamp hour isodow isoyear julian last_day make_date
    make_time make_timestamp make_timestamp_ms make_timestamp_ns make_timestamptz
    microsecond millennium millisecond minute month monthname nanosecond normalized_interval
    now quarter second strftime strptime time_bucket timezone timezone_hour timezone_minute
    to_centuries to_days to_decades to_hours to_microseconds to_millennia to_milliseconds
    to_minutes to_months to_quarters to_seconds to_timestamp to_weeks to_years today
    transaction_timestamp try_strptime week weekday weekofyear year yearweek
    """
)
_NESTED_FUNCTIONS = _words(
    """
    aggregate apply array_aggr array_aggregate array_append array_apply array_cat
    array_concat array_contains array_cosine_distance array_cosine_similarity
    array_cross_product array_distance array_distinct array_dot_product array_extract
    array_filter array_grade_up array_has array_has_all array_has_any array_indexof
    array_inner_product array_intersect array_length array_negative_dot_product
    array_negative_inner_product array_pop_back array_pop_front array_position array_prepend
    array_push_back array_push_front array_reduce array_resize array_reverse
    array_reverse_sort array_select array_slice array_sort array_transform array_unique
    array_value array_where array_zip cardinality element_at filter flatten generate_series
    generate_subscripts grade_up list_aggr list_aggregate list_any_value list_append
    list_apply list_approx_count_distinct list_avg list_bit_and list_bit_or list_bit_xor
    list_bool_and list_bool_or list_cat list_concat list_contains list_cosine_distance
    list_cosine_similarity list_count list_distance list_distinct list_dot_product
    list_element list_entropy list_extract list_filter list_first list_grade_up list_has
    list_has_all list_has_any list_histogram list_indexof list_inner_product list_intersect
    list_kurtosis list_kurtosis_pop list_last list_mad list_max list_median list_min
    list_mode list_negative_dot_product list_negative_inner_product list_pack list_position
    list_prepend list_product list_reduce list_resize list_reverse list_reverse_sort
    list_select list_sem list_skewness list_slice list_sort list_stddev_pop list_stddev_samp
    list_string_agg list_sum list_transform list_unique list_value list_var_pop
    list_var_samp list_where list_zip map map_concat map_contains map_contains_entry
    map_contains_value map_entries map_extract map_extract_value map_from_entries map_keys
    map_values range reduce row row_to_json struct_concat struct_contains struct_extract
    struct_extract_at struct_has struct_indexof struct_insert struct_keys struct_pack
    struct_position struct_update struct_values union_extract union_tag union_value unnest
    unpivot_list
    """
)
_JSON_FUNCTIONS = _words(
    """
    array_to_json from_json from_json_strict json json_array json_array_length json_contains
    json_deep_merge json_exists json_extract json_extract_path json_extract_path_text
    json_extract_string json_insert json_keys json_merge_patch json_merge_patch_diff
    json_normalize json_object json_pretty json_quote json_remove json_replace json_set
    json_strip_nulls json_structure json_transform json_transform_strict json_type
    json_valid json_value to_json
    """
)
_OTHER_FUNCTIONS = _words(
    """
    enum_code enum_first enum_last enum_range enum_range_boundary error gen_random_uuid if
    nullif st_asbinary st_asgeojson st_astext st_aswkb st_aswkt st_geomfromgeojson
    st_geomfromwkb st_intersects_extent switch typeof uuid uuid_extract_timestamp
    uuid_extract_version uuidv4 uuidv7
    """
)
SCALAR_FUNCTIONS = (
    _NUMBER_FUNCTIONS
    | _TEXT_FUNCTIONS
    | _TIME_FUNCTIONS
    | _NESTED_FUNCTIONS
    | _JSON_FUNCTIONS
    | _OTHER_FUNCTIONS
)
AGGREGATE_FUNCTIONS = _words(
    """
    any_value approx_count_distinct approx_quantile approx_top_k arbitrary arg_max
    arg_max_null arg_max_nulls_last arg_min arg_min_null arg_min_nulls_last argmax argmin
    array_agg avg bit_and bit_or bit_xor bitstring_agg bool_and bool_or corr count count_if
    count_star countif covar_pop covar_samp decimal_average entropy favg first fsum geomean
    geometric_mean group_concat histogram histogram_exact json_group_array json_group_object
    json_group_structure kahan_sum kurtosis kurtosis_pop last list listagg mad max max_by
    mean median min min_by mode product quantile quantile_cont quantile_disc regr_avgx
    regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy
    reservoir_quantile sem skewness stddev stddev_pop stddev_samp string_agg sum
    sum_no_overflow sumkahan var_pop var_samp variance wavg weighted_avg
    """
)
WINDOW_FUNCTIONS = _words(
    """
    cume_dist dense_rank fill first_value lag last_value lead nth_value ntile percent_rank
    rank rank_dense row_number
    """
)

_CALLED = OPERATORS | SCALAR_FUNCTIONS | AGGREGATE_FUNCTIONS
_OVER = AGGREGATE_FUNCTIONS | WINDOW_FUNCTIONS
_RESERVED_PREFIXES = ("duckdb_", "pg_", "pragma_", "sqlite_")

_Scope: TypeAlias = frozenset[str]
_Step: TypeAlias = tuple[Tree, _Scope]


def check_statement(tree: dict[str, Tree], permitted: Sequence[str]) -> dict[str, Tree]:
    """Return the query node of a parsed text that is one SELECT which may run.

    `tree` is what the engine makes of the whole text; `permitted` are the names of the tables
    that the caller may read.

    Raises: NotOneSelect, NoSuchTable, ForbiddenPart.
    """
    statements = tree.get("statements")
    if not isinstance(statements, list) or len(statements) != 1:
        raise NotOneSelect
    statement = statements[0]
    if not isinstance(statement, dict) or not isinstance(statement.get("node"), dict):
        raise NotOneSelect
    node = statement["node"]
    assert isinstance(node, dict)
    tables = frozenset(folded(name) for name in permitted)
    steps: list[_Step] = [(node, tables)]
    for _ in range(TREE_NODES_MAX):
        if not steps:
            return node
        value, scope = steps.pop()
        if isinstance(value, dict):
            steps.extend(_enter(value, scope))
        elif isinstance(value, list):
            steps.extend((item, scope) for item in value)
    raise ForbiddenPart("a statement of this size")


def folded(name: str) -> str:
    """A name as the engine compares names: only the letters A to Z have no case."""
    return name.translate(_FOLD)


_FOLD = str.maketrans(ascii_uppercase, ascii_lowercase)


def _enter(node: dict[str, Tree], scope: _Scope) -> Iterator[_Step]:
    """Check one node; yield what is inside it with the table names that are known there."""
    kind, expression = node.get("type"), node.get("class")
    if "class" in node:
        if expression not in _EXPRESSIONS:
            raise ForbiddenPart(_spelled(expression))
        yield from _enter_expression(node, scope)
        return
    if isinstance(kind, str) and kind not in _BARE_NODES:
        raise ForbiddenPart(_spelled(kind))
    if isinstance(kind, str) and kind in _QUERY_NODES:
        yield from _enter_query(node, scope)
        return
    match kind:
        case "BASE_TABLE":
            _check_table(node, scope)
        case "TABLE_FUNCTION":
            function = node.get("function")
            if not isinstance(function, dict):
                raise ForbiddenPart("a table function")
            _check_name(function, TABLE_FUNCTIONS)
            yield function.get("arguments"), scope
            yield node.get("sample"), scope
            return
        case "JOIN" if node.get("ref_type") not in _JOINS:
            raise ForbiddenPart(f"{_spelled(node.get('ref_type'))} JOIN")
    yield from ((value, scope) for value in node.values())


def _enter_expression(node: dict[str, Tree], scope: _Scope) -> Iterator[_Step]:
    match node.get("class"):
        case "FUNCTION":
            _check_name(node, _CALLED)
        case "WINDOW":
            _check_name(node, _OVER)
        case "TYPE" if node.get("schema") or node.get("catalog") or _is_qualified(node):
            raise ForbiddenPart("a type of another schema")
    yield from ((value, scope) for value in node.values())


def _enter_query(node: dict[str, Tree], scope: _Scope) -> Iterator[_Step]:
    """Named queries are known to those that follow, and to themselves only where recursive.

    A name that is used before it is known would be looked up among the engine's own tables.
    """
    if node["type"] == "RECURSIVE_CTE_NODE":
        own = scope | {_new_name(node.get("cte_name"))}
        yield from ((value, own if key == "right" else scope) for key, value in node.items())
        return
    for name, query in _named_queries(node):
        yield query, scope
        scope |= {_new_name(name)}
    yield from ((value, scope) for key, value in node.items() if key != "cte_map")


def _named_queries(node: dict[str, Tree]) -> Iterator[tuple[Tree, Tree]]:
    named = node.get("cte_map")
    entries = named.get("map") if isinstance(named, dict) else None
    for entry in entries if isinstance(entries, list) else ():
        if not isinstance(entry, dict):
            raise ForbiddenPart("WITH")
        yield entry.get("key"), entry.get("value")


def _new_name(name: Tree) -> str:
    if not isinstance(name, str) or folded(name).startswith(_RESERVED_PREFIXES):
        raise ForbiddenPart(f"WITH {name}")
    return folded(name)


def _check_table(node: dict[str, Tree], scope: _Scope) -> None:
    """The same answer for a table that is not there and one that this caller may not see."""
    name = node.get("table_name")
    if not isinstance(name, str) or node.get("at_clause") is not None:
        raise ForbiddenPart("AT")
    if node.get("schema_name") or node.get("catalog_name") or _is_qualified(node):
        raise NoSuchTable(_path(node))
    if folded(name) not in scope:
        raise NoSuchTable(name)


def _check_name(node: dict[str, Tree], allowed: frozenset[str]) -> None:
    name = node.get("function_name")
    if node.get("schema") or node.get("catalog") or _is_qualified(node):
        raise ForbiddenPart(_path(node))
    if not isinstance(name, str) or folded(name) not in allowed:
        raise ForbiddenPart(f"{name}()")


def _is_qualified(node: dict[str, Tree]) -> bool:
    qualified = node.get("qualified_name")
    path = qualified.get("path") if isinstance(qualified, dict) else None
    return not isinstance(path, list) or len(path) != 1


def _path(node: dict[str, Tree]) -> str:
    qualified = node.get("qualified_name")
    path = qualified.get("path") if isinstance(qualified, dict) else None
    return ".".join(map(str, path)) if isinstance(path, list) else "?"


def _spelled(kind: Tree) -> str:
    """A kind of node as people write it."""
    known = {
        "SHOW_REF": "SHOW, DESCRIBE or SUMMARIZE",
        "INSERT_QUERY_NODE": "INSERT",
        "UPDATE_QUERY_NODE": "UPDATE",
        "DELETE_QUERY_NODE": "DELETE",
        "MERGE_QUERY_NODE": "MERGE",
        "POSITIONAL_REFERENCE": "#",
        "PARAMETER": "a parameter",
    }
    text = str(kind)
    return known.get(text, text.replace("_", " "))
