"""Controlled lists of words: make and change them, and read which words datasets carry.

Whoever sets the standards, or administers the site, keeps the lists. Free keywords stand beside
them: they belong to their datasets, and are told to whoever sees one that has them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from catalog.audience import audience_of
from catalog.curation.theme_errors import (
    MalformedVocabularyName,
    TermTaken,
    VocabularyNotFound,
    VocabularyTaken,
)
from catalog.errors import TooManyEntries
from catalog.store import vocabularies as store
from catalog.theme import (
    TERM_LEAST_CHARACTERS,
    TERM_MOST_CHARACTERS,
    TERMS_MOST,
    Term,
    TermId,
    Vocabulary,
    VocabularyId,
)
from policies.database import Tx
from policies.errors import NotAdministrator
from policies.events import Event, EventKind, JsonValue
from policies.party import Actor
from policies.presentation import check_written
from policies.record import record
from policies.roles import can_administer, can_set_standards, check_person
from policies.terms import DatasetId

VOCABULARIES_MOST: Final = 1_000
KEYWORDS_MOST: Final = 100_000
"""Keywords in one answer."""


def create_vocabulary(
    tx: Tx, name: str, terms: Sequence[str], *, by: Actor, at: datetime
) -> Vocabulary:
    """Make a vocabulary with its terms.

    Raises: PersonNeeded, NotAdministrator, MalformedVocabularyName, VocabularyTaken, TermTaken,
    TooManyEntries.
    """
    _check_may_keep(by)
    _check_name(name)
    vocabulary_id = store.insert_vocabulary(tx, name)
    if vocabulary_id is None:
        raise VocabularyTaken(name)
    _add_terms(tx, vocabulary_id, terms)
    _record(tx, vocabulary_id, {"change": "created", "name": name}, by=by, at=at)
    return vocabulary_with_id(tx, vocabulary_id)


def change_vocabulary(
    tx: Tx,
    vocabulary: Vocabulary,
    name: str,
    terms: Sequence[str] | None,
    *,
    by: Actor,
    at: datetime,
) -> Vocabulary:
    """Rename a vocabulary, and replace its terms unless they are None; terms that stay keep their
    datasets.

    Raises: PersonNeeded, NotAdministrator, MalformedVocabularyName, VocabularyTaken,
    TooManyEntries.
    """
    _check_may_keep(by)
    _check_name(name)
    named = store.find_vocabulary(tx, name)
    if named is not None and named.id != vocabulary.id:
        raise VocabularyTaken(name)
    store.update_vocabulary(tx, vocabulary.id, name)
    if terms is not None:
        held = {term.name for term in vocabulary.terms}
        gone = [term.id for term in vocabulary.terms if term.name not in set(terms)]
        store.delete_terms(tx, gone)
        _add_terms(tx, vocabulary.id, [term for term in terms if term not in held])
    _record(tx, vocabulary.id, {"change": "changed", "name": name}, by=by, at=at)
    return vocabulary_with_id(tx, vocabulary.id)


def delete_vocabulary(
    tx: Tx, vocabulary: Vocabulary, *, by: Actor, at: datetime
) -> list[DatasetId]:
    """Remove a vocabulary with its terms, also from their datasets; which datasets those were.

    Raises: PersonNeeded, NotAdministrator.
    """
    _check_may_keep(by)
    term_ids = [term.id for term in vocabulary.terms]
    carried = store.datasets_with_terms(tx, term_ids)
    store.delete_terms(tx, term_ids)
    store.delete_vocabulary(tx, vocabulary.id)
    _record(tx, vocabulary.id, {"change": "deleted", "name": vocabulary.name}, by=by, at=at)
    return carried


def add_term(tx: Tx, vocabulary: Vocabulary, name: str, *, by: Actor, at: datetime) -> Term:
    """Add a term to a vocabulary.

    Raises: PersonNeeded, NotAdministrator, MalformedVocabularyName, TermTaken, TooManyEntries.
    """
    _check_may_keep(by)
    if len(vocabulary.terms) >= TERMS_MOST:
        raise TooManyEntries("terms", TERMS_MOST)
    (added,) = _add_terms(tx, vocabulary.id, [name])
    _record(tx, vocabulary.id, {"change": "term_added", "name": name}, by=by, at=at)
    return added


def delete_term(tx: Tx, term: Term, *, by: Actor, at: datetime) -> list[DatasetId]:
    """Remove a term, also from its datasets; which datasets those were.

    Raises: PersonNeeded, NotAdministrator.
    """
    _check_may_keep(by)
    carried = store.datasets_with_terms(tx, [term.id])
    store.delete_terms(tx, [term.id])
    _record(tx, term.vocabulary_id, {"change": "term_deleted", "name": term.name}, by=by, at=at)
    return carried


def vocabulary_with_id(tx: Tx, vocabulary_id: VocabularyId) -> Vocabulary:
    """The vocabulary of that id with its terms.

    Raises: VocabularyNotFound.
    """
    found = store.get_vocabulary(tx, vocabulary_id)
    if found is None:
        raise VocabularyNotFound(str(vocabulary_id))
    return found


def vocabulary_named(tx: Tx, name: str) -> Vocabulary:
    """The vocabulary of that name with its terms.

    Raises: VocabularyNotFound.
    """
    found = None if "\0" in name else store.find_vocabulary(tx, name)
    if found is None:
        raise VocabularyNotFound(name.replace("\0", ""))
    return found


def vocabularies(tx: Tx) -> list[Vocabulary]:
    """Every vocabulary with its terms, by name."""
    return store.vocabularies(tx, limit=VOCABULARIES_MOST)


def term_with_id(tx: Tx, term_id: TermId) -> Term | None:
    """The term of that id; None where there is none."""
    return store.get_term(tx, term_id)


def datasets_with_term(tx: Tx, term: Term, *, by: Actor, limit: int) -> list[DatasetId]:
    """Published datasets that carry the term and `by` sees, the last changed first."""
    return store.published_with_term(tx, term.id, audience_of(by), limit=limit)


def datasets_with_keyword(tx: Tx, keyword: str, *, by: Actor, limit: int) -> list[DatasetId]:
    """Published datasets that have the keyword and `by` sees, the last changed first."""
    if "\0" in keyword:
        return []
    return store.published_with_keyword(tx, keyword, audience_of(by), limit=limit)


def keywords(
    tx: Tx, *, by: Actor, containing: Sequence[str] = (), limit: int = KEYWORDS_MOST
) -> list[str]:
    """Keywords of published datasets that `by` sees, by name, that hold all these texts."""
    if any("\0" in part for part in containing):
        return []
    return store.keywords(
        tx, audience_of(by), containing=containing, limit=min(limit, KEYWORDS_MOST)
    )


def _check_may_keep(actor: Actor) -> None:
    check_person(actor)
    if not (can_administer(actor) or can_set_standards(actor)):
        raise NotAdministrator


def _check_name(name: str) -> None:
    if not TERM_LEAST_CHARACTERS <= len(name) <= TERM_MOST_CHARACTERS:
        raise MalformedVocabularyName(TERM_LEAST_CHARACTERS, TERM_MOST_CHARACTERS)
    check_written("name", name, TERM_MOST_CHARACTERS)


def _add_terms(tx: Tx, vocabulary_id: VocabularyId, names: Sequence[str]) -> list[Term]:
    if len(names) > TERMS_MOST:
        raise TooManyEntries("terms", TERMS_MOST)
    added = []
    for name in names:
        _check_name(name)
        term = store.insert_term(tx, vocabulary_id, name)
        if term is None:
            raise TermTaken(name)
        added.append(term)
    return added


def _record(
    tx: Tx,
    vocabulary_id: VocabularyId,
    facts: Mapping[str, JsonValue],
    *,
    by: Actor,
    at: datetime,
) -> None:
    record(
        tx,
        Event(
            kind=EventKind.VOCABULARY_CHANGED,
            at=at,
            actor=by,
            subject_id=vocabulary_id,
            facts=facts,
        ),
    )
