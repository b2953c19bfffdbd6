"""Searching packages and their resources in Solr's words, each caller among what exists for them.

Labels of who may see a record stand in every query, so that counts, facets and suggestions never
tell of more than the hits do.

Source: CKAN 2.12 API guide, `package_search`, `resource_search` and the autocompletes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from catalog.curation.names import formats_like
from catalog.curation.themes import listed_themes
from catalog.record import Part
from catalog.records import records_with, seen_ids
from catalog.search.errors import (
    IndexNotReady,
    QueryForbidden,
    QueryTooLarge,
    QueryUnreadable,
    SortUnreadable,
    TooManyValues,
    UnfitSearchValue,
    UnknownSearchField,
)
from catalog.search.found import Found
from catalog.search.labels import labels_for
from catalog.search.lucene import read_filter, read_query, read_sort
from catalog.search.query import (
    FACET_FIELDS_MAX,
    FACET_LIMIT_DEFAULT,
    NEWEST_FIRST,
    ROWS_MAX,
    START_MAX,
    Either,
    Facet,
    Query,
    Search,
    SortKey,
    Value,
    Words,
)
from catalog.view import Json
from policies.errors import Refusal
from policies.identity.organize import listed_organizations
from policies.party import ANONYMOUS
from policies.terms import DatasetId, Language
from portal.api.ckan.action import Result, Table, reads
from portal.api.ckan.call import Call, truth_of, whole_of
from portal.api.ckan.errors import SearchQueryRefused, SearchRefused, missing, wrong
from portal.api.ckan.licences import known_licences
from portal.api.ckan.package_shapes import Package, Resource, packages_with_ids, resource_shape
from portal.api.ckan.plain import plain
from portal.api.ckan.search_fields import found_fields
from portal.api.ckan.written import write_list
from portal.problems import words_of

DEFAULT_SORT: Final = "score desc, metadata_modified desc"
PAGE_OF_RECORDS: Final = 100
RESOURCES_MOST: Final = 1000
RESOURCE_RECORDS_MOST: Final = 50_000
"""Records whose resources one search for resources looks through."""
_FILES: Final = frozenset({Part.DISTRIBUTIONS})
_KNOWN: Final = frozenset(
    {
        *("q", "fq", "fq_list", "rows", "start", "sort", "fl", "qf", "bf", "boost", "tie"),
        *("facet", "facet.field", "facet.limit", "facet.mincount", "extras", "wt", "mm"),
        *("defType", "df", "include_private", "include_drafts", "include_deleted"),
        *("use_default_schema", "callback"),
    }
)
_RESOURCE_FIELDS: Final = frozenset(
    {
        *("id", "package_id", "url", "format", "description", "hash", "position", "name"),
        *("resource_type", "mimetype", "mimetype_inner", "size", "created", "last_modified"),
        *("metadata_modified", "cache_url", "cache_last_updated", "url_type", "state"),
    }
)


def package_search(call: Call) -> Result:
    """Search datasets: `q`, `fq` and `fq_list` in Solr's language, `sort`, `start` and `rows` (at
    most 1000), `facet.field`, `facet.limit`, `facet.mincount`, `fl`, and `include_private`,
    `include_drafts`, `include_deleted` for those who may see such.
    """
    unknown = [
        name for name in call.parameters if name not in _KNOWN and not name.startswith("ext_")
    ]
    if unknown:
        raise SearchQueryRefused(f"Invalid search parameters: {sorted(unknown)}")
    rows = _natural(call, "rows", 10, ROWS_MAX)
    start = _natural(call, "start", 0, START_MAX)
    sort = call.text("sort")
    found = _search(
        call,
        Search(
            labels=labels_for(call.actor),
            query=_query(call),
            filters=_filters(call),
            sort=_sorted(sort),
            start=start,
            rows=rows,
            facets=_facets(call),
        ),
    )
    wanted = _wanted_fields(call)
    results = write_list(
        found_fields(call, page, wanted) if wanted else packages_with_ids(call, page)
        for page in _pages(found.ids)
    )
    facets = {
        field: {one.value: one.count for one in counts} for field, counts in found.facets.items()
    }
    return {
        "count": found.count,
        "sort": sort if sort and sort != "rank" else DEFAULT_SORT,
        "results": results,
        "facets": facets,
        "search_facets": {
            field: {"title": field, "items": _facet_items(call, field, counts)}
            for field, counts in facets.items()
        },
    }


def current_package_list_with_resources(call: Call) -> Result:
    """List whole datasets, the last changed first; `limit` (at most 1000) and `offset` or `page`
    choose a part.
    """
    limit = _natural(call, "limit", ROWS_MAX, ROWS_MAX)
    offset = _natural(call, "offset", 0, START_MAX)
    page = _natural(call, "page", 0, START_MAX)
    if page and not offset:
        offset = min((page - 1) * limit, START_MAX)
    found = _search(
        call,
        Search(
            labels=labels_for(call.actor),
            filters=(_states(["active"]), Value("private", "false")),
            sort=NEWEST_FIRST,
            start=offset,
            rows=limit,
        ),
    )
    return write_list(packages_with_ids(call, page) for page in _pages(found.ids))


def package_autocomplete(call: Call) -> Result:
    """Offer datasets whose name or title holds `q`, at most `limit`."""
    if not call.has("q"):
        raise missing("q")
    typed = call.text("q").strip()
    if not typed:
        return []
    found = _search(
        call,
        Search(
            labels=labels_for(call.actor),
            query=Words(typed[:200], is_unfinished=True),
            filters=(_states(["active"]), Value("private", "false")),
            rows=_natural(call, "limit", 10, 100),
        ),
    )
    return [_offered(package, typed) for package in packages_with_ids(call, found.ids)]


def resource_search(call: Call) -> Result:
    """Search resources of public datasets: `query` is `field:term`, or a list of such.

    `order_by`, `offset` and `limit` choose the order and a part.
    """
    terms = _resource_terms(call)
    limit = call.value("limit")
    most = RESOURCES_MOST if limit in (None, "") else min(whole_of("limit", limit), RESOURCES_MOST)
    start = _natural(call, "offset", 0, START_MAX)
    end = start + max(most, 0)
    order_by = call.text("order_by")
    if order_by and order_by not in _RESOURCE_FIELDS:
        raise wrong("order_by", f'Field "{order_by}" not recognised in resource_search.')
    count, matching = 0, list[Resource]()
    for one in _public_resources(call):
        if _matches(one, terms):
            count += 1
            # In no order of their own, only those are kept that are answered.
            if order_by or start < count <= end:
                matching.append(one)
    if order_by:
        matching.sort(key=lambda one: str(one.get(order_by) or ""))
        matching = matching[start:end]
    return {"count": count, "results": matching}


def format_autocomplete(call: Call) -> Result:
    """Offer formats in use that hold `q`, at most `limit`."""
    if not call.has("q"):
        raise missing("q")
    return formats_like(call.tx, call.text("q"), limit=_natural(call, "limit", 5, 100))


def _pages(ids: Sequence[DatasetId]) -> Iterator[Sequence[DatasetId]]:
    for first in range(0, len(ids), PAGE_OF_RECORDS):
        yield ids[first : first + PAGE_OF_RECORDS]


def _search(call: Call, wanted: Search) -> Found:
    """What is found.

    Raises: SearchRefused, SearchQueryRefused.
    """
    try:
        return call.wiring.search.search(call.tx, wanted)
    except (SortUnreadable, UnknownSearchField) as refusal:
        raise SearchQueryRefused(_words(refusal)) from refusal
    except (IndexNotReady, QueryForbidden, TooManyValues) as refusal:
        raise SearchRefused(_words(refusal)) from refusal


def _query(call: Call) -> Query:
    text = call.text("q")
    return _read(call, "*:*" if not text.strip() else text, is_filter=False)


def _filters(call: Call) -> tuple[Query, ...]:
    texts = [text for text in (call.text("fq"), *_list(call, "fq_list")) if text.strip()]
    filters = [_read(call, text, is_filter=True) for text in texts]
    states = ["active"]
    if call.flag("include_drafts"):
        states.append("draft")
    if call.flag("include_deleted"):
        states.append("deleted")
    if "+state" not in call.text("fq"):
        filters.append(_states(states))
    if not call.flag("include_private"):
        filters.append(Value("private", "false"))
    return tuple(filters)


def _read(call: Call, text: str, *, is_filter: bool) -> Query:
    try:
        read = read_filter if is_filter else read_query
        return read(text, at=call.at)
    except (
        QueryUnreadable,
        QueryForbidden,
        QueryTooLarge,
        UnknownSearchField,
        UnfitSearchValue,
    ) as refusal:
        raise SearchRefused(_words(refusal)) from refusal


def _sorted(sort: str) -> tuple[SortKey, ...]:
    is_default = sort.strip() in ("", "rank", "None")
    if not is_default and any(len(part.split()) != 2 for part in sort.split(",")):
        # Clients are told, as Solr tells them, rather than given an order they did not name.
        raise SearchQueryRefused(f'Cannot parse "sort": {sort}')
    try:
        return read_sort(sort or None)
    except SortUnreadable as refusal:
        raise SearchQueryRefused(_words(refusal)) from refusal


def _facets(call: Call) -> tuple[Facet, ...]:
    if not truth_of(call.value("facet"), otherwise=True):
        return ()
    fields = _list(call, "facet.field")
    if len(fields) > FACET_FIELDS_MAX:
        raise wrong("facet.field", f"At most {FACET_FIELDS_MAX} facets at once")
    limit = call.value("facet.limit")
    most = FACET_LIMIT_DEFAULT if limit in (None, "") else whole_of("facet.limit", limit)
    least = _natural(call, "facet.mincount", 1, 2**31 - 1)
    return tuple(Facet(field, most, max(least, 1)) for field in dict.fromkeys(fields))


def _list(call: Call, name: str) -> list[str]:
    """A list, which may come as JSON in a text.

    Raises: ValidationFailed.
    """
    value = call.value(name)
    if isinstance(value, str) and value.strip().startswith("["):
        try:
            value = json.loads(value)
        except ValueError:
            raise wrong(name, "Could not parse as valid JSON") from None
    if value is None or value == "":
        return []
    if isinstance(value, str):
        return [value]
    if not isinstance(value, Sequence):
        raise wrong(name, "Not a list")
    if any(not isinstance(item, str) for item in value):
        raise wrong(name, f"Not a string: {next(x for x in value if not isinstance(x, str))}")
    return [str(item) for item in value]


def _wanted_fields(call: Call) -> list[str]:
    fields = [one for text in _list(call, "fl") for one in text.replace(",", " ").split()]
    return [] if "*" in fields else fields


def _facet_items(call: Call, field: str, counts: Mapping[str, int]) -> list[Json]:
    titles = _titles(call, field, list(counts))
    named = [(titles.get(value) or value, value) for value in counts]
    return [
        {"name": value, "display_name": display_name, "count": counts[value]}
        for display_name, value in sorted(named, reverse=True)
    ]


def _titles(call: Call, field: str, values: Sequence[str]) -> Mapping[str, str]:
    """What people call the values of a facet, where that differs."""
    if field == "organization":
        found = listed_organizations(call.tx, slugs=values)
        return {one.organization.slug: plain(one.organization.title) for one in found}
    if field == "groups":
        return {one.slug: plain(one.title) for one in listed_themes(call.tx, slugs=values)}
    if field == "license_id":
        known = known_licences(call.at)
        return {value: plain(known[value].title) for value in values if value in known}
    return {}


def _states(states: Sequence[str]) -> Query:
    values = tuple(Value("state", state) for state in states)
    return values[0] if len(values) == 1 else Either(values)


def _natural(call: Call, name: str, otherwise: int, most: int) -> int:
    return call.whole(name, otherwise, least=0, most=most)


def _words(refusal: Refusal) -> str:
    return words_of(refusal, Language.EN)


def _offered(package: Package, typed: str) -> Json:
    name, title = str(package["name"]), str(package["title"])
    is_in_name = typed.lower() in name
    return {
        "name": name,
        "title": title,
        "match_field": "name" if is_in_name else "title",
        "match_displayed": name if is_in_name else f"{title} ({name})",
    }


def _resource_terms(call: Call) -> dict[str, str]:
    value = call.value("query")
    if value is None:
        raise missing("query")
    pairs = call.texts("query")
    if not pairs or any(":" not in pair for pair in pairs):
        raise wrong("query", "Must be <field>:<value> pair(s)")
    terms = dict(pair.split(":", 1) for pair in pairs)
    for field in terms:
        if field not in _RESOURCE_FIELDS:
            raise wrong("query", f'Field "{field}" not recognised in resource_search.')
    return {field: term.lower() for field, term in terms.items()}


def _public_resources(call: Call) -> Iterator[Resource]:
    """Resources of what everybody sees, a page of datasets in memory at a time."""
    last: DatasetId | None = None
    for _ in range(0, RESOURCE_RECORDS_MOST, PAGE_OF_RECORDS):
        ids = seen_ids(call.tx, by=ANONYMOUS, after=last, limit=PAGE_OF_RECORDS)
        for record in records_with(call.tx, ids, _FILES, by=ANONYMOUS):
            for held in record.distributions:
                yield resource_shape(call, held)
        if len(ids) < PAGE_OF_RECORDS:
            return
        last = ids[-1]


def _matches(resource: Resource, terms: Mapping[str, str]) -> bool:
    for field, term in terms.items():
        value = str(resource.get(field) or "").lower()
        if not (value.startswith(term) if field == "hash" else term in value):
            return False
    return True


ACTIONS: Final[Table] = reads(
    package_search=package_search,
    package_autocomplete=package_autocomplete,
    current_package_list_with_resources=current_package_list_with_resources,
    resource_search=resource_search,
    format_autocomplete=format_autocomplete,
)
