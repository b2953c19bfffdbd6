"""A record as the values of the index's fields: plain texts, numbers and maps of them.

Text is cut into words here, and joined by spaces; see `words` for the two encodings.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from catalog.search import readings, words
from catalog.search.document import SearchDocument, both
from catalog.search.fields import FACETS, NUMBERS, TITLE_SORT

VALUE_LENGTH_CHARACTERS: Final = 1_000
TEXT_LENGTH_CHARACTERS: Final = 200_000
UNIT: Final = "\x1f"
"""Stands between the parts of a value that is made of several."""

Encoded = dict[str, list[object]]


def encode(document: SearchDocument) -> Encoded:
    """The values of each field of the index."""
    encoded: Encoded = {}
    present: set[str] = set()
    _encode_values(encoded, document, present)
    _encode_texts(encoded, document, present)
    _encode_dynamic(encoded, document, present)
    _encode_suggestions(encoded, document)
    for label in document.labels:
        _add(encoded, "labels", label)
    for name in present:
        _add(encoded, "present", name)
    return encoded


def _encode_values(encoded: Encoded, document: SearchDocument, present: set[str]) -> None:
    title = document.title.zh or document.title.en or document.name
    values: dict[str, tuple[str, ...]] = {
        "id": (str(document.id),),
        "name": (document.name,),
        "title_string": (document.title.en or title,),
        TITLE_SORT: (readings.sort_key(title),),
        "tags": document.tags,
        "groups": document.groups,
        "organization": (document.organization,),
        "owner_org": (document.owner_org,),
        "res_format": document.res_format,
        "license_id": (document.license_id,),
        "private": ("true" if document.private else "false",),
        "capacity": ("private" if document.private else "public",),
        "state": (document.state,),
        "dataset_type": (document.dataset_type,),
        "entity_type": ("package",),
        "creator_user_id": (document.creator_user_id,),
        "url": (document.url,),
        "version": (document.version,),
        **{name: document.facets[name] for name in FACETS if name in document.facets},
    }
    for name, given in values.items():
        for value in dict.fromkeys(given):
            if value:
                _add(encoded, name, value[:VALUE_LENGTH_CHARACTERS])
                present.add(name)
    dates = {
        "metadata_created": document.metadata_created,
        "metadata_modified": document.metadata_modified,
        "issued": document.issued,
    }
    for name, moment in dates.items():
        if moment is not None:
            _add(encoded, name, microseconds(moment))
            present.add(name)
    numbers = {"num_tags": len(document.tags), **document.numbers}
    for name in NUMBERS:
        if name in numbers:
            _add(encoded, name, numbers[name])
            present.add(name)


def _encode_texts(encoded: Encoded, document: SearchDocument, present: set[str]) -> None:
    titles = both([document.title])
    groups = [*document.groups, *both(document.group_titles)]
    fields: dict[str, list[str]] = {
        "title": titles,
        "notes": both([document.notes]),
        "author": [document.author],
        "maintainer": [document.maintainer],
        "res_name": list(document.res_name),
        "res_description": list(document.res_description),
        "res_url": list(document.res_url),
        "columns": list(document.columns),
    }
    # First what is ranked by itself as well, so that the bound never leaves it out.
    everything = [document.name, *titles, *document.tags, *groups]
    everything += [one for name, texts in fields.items() if name != "title" for one in texts]
    everything += [
        document.organization,
        *both([document.publisher]),
        *document.words,
        *document.res_format,
        *(value for _, value in (*document.extras, *document.res_extras)),
        *(term for terms in document.vocabularies.values() for term in terms),
    ]
    fields["text"] = _bounded(everything)
    for name, texts in fields.items():
        if any(texts):
            _add(encoded, f"{name}_pairs", words.encode_pairs(_bounded(texts)))
            present.add(name)
    for name, texts in (
        ("name", [document.name]),
        ("title", titles),
        ("tags", list(document.tags)),
        ("groups", groups),
        ("text", fields["text"]),
    ):
        _add(encoded, f"{name}_words", words.encode_words(_bounded(texts)))


def _encode_dynamic(encoded: Encoded, document: SearchDocument, present: set[str]) -> None:
    gathered: dict[str, list[str]] = {}
    for prefix, pairs in (("extras_", document.extras), ("res_extras_", document.res_extras)):
        for key, value in pairs:
            gathered.setdefault(prefix + key, []).append(value)
            if prefix == "extras_" and key.endswith("_date"):
                gathered.setdefault(key, []).append(value)
    for name, terms in document.vocabularies.items():
        gathered.setdefault("vocab_" + name, []).extend(terms)
    if not gathered:
        return
    pairs_of, values_of = {}, {}
    for name, texts in gathered.items():
        key = dynamic_key(name)
        pairs_of[key] = words.encode_pairs(_bounded(texts))
        values_of[key] = [text[:VALUE_LENGTH_CHARACTERS] for text in dict.fromkeys(texts)]
        for value in values_of[key]:
            _add(encoded, "dynamic", f"{key}{UNIT}{value}")
        present.add(name)
    _add(encoded, "dynamic_pairs", pairs_of)
    _add(encoded, "dynamic_values", values_of)


def _encode_suggestions(encoded: Encoded, document: SearchDocument) -> None:
    read: dict[str, None] = {}
    for text in (*both([document.title]), *document.tags, *document.columns):
        read.update(dict.fromkeys(_readings(text)))
    for token in read:
        _add(encoded, "readings", token)
    department = document.organization
    themes = zip(document.groups, document.group_titles, strict=False)
    offered = [
        *(("topic", tag, tag) for tag in document.tags),
        *(("column", column, column) for column in document.columns),
        *(("department", said, department) for said in (department, *both([document.publisher]))),
        *(("theme", said, slug) for slug, title in themes for said in (slug, *both([title]))),
    ]
    tokens: dict[str, None] = {}
    for kind, said, shown in offered:
        for key in _suggestion_keys(said):
            tokens[f"{kind}{UNIT}{key}{UNIT}{shown[:100]}"] = None
    for token in tokens:
        _add(encoded, "suggested", token)


@lru_cache(maxsize=20_000)
def _readings(text: str) -> tuple[str, ...]:
    """How the words of a text are read, each with the word."""
    return tuple(
        f"{read}{UNIT}{word}"
        for word in words.compounds(text)
        for read in (readings.initials(word), readings.whole(word))
    )


@lru_cache(maxsize=20_000)
def _suggestion_keys(value: str) -> frozenset[str]:
    folded = words.fold(value.strip())[:100]
    keys = {folded}
    for run in words.runs(value):
        keys.add(run.text[:100])
        if run.is_joined:
            keys |= {readings.initials(run.text), readings.whole(run.text)}
            # A department is called by what follows the city's name, too.
            for word in words.cut(run.text)[1:]:
                start = run.text.find(word)
                keys.add(run.text[start:][:100])
    return frozenset(key for key in keys if key)


def _bounded(texts: Iterable[str]) -> list[str]:
    kept, left = [], TEXT_LENGTH_CHARACTERS
    for text in texts:
        if not text:
            continue
        kept.append(text[:left])
        left -= len(text)
        if left <= 0:
            break
    return kept


def dynamic_key(name: str) -> str:
    """The name of a record's own field as a key; a dot would lead into a nested value."""
    return name.replace(".", "\u2024")[:200]


def microseconds(moment: datetime) -> int:
    """A moment as the index holds it: microseconds since 1970."""
    since = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _add(encoded: Encoded, field: str, value: object) -> None:
    encoded.setdefault(field, []).append(value)
