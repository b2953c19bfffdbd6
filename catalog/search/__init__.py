"""The search: an index on disk that is a projection of the database, and the way into it.

nouns   document (what is searched), query (a search as a tree), found (its answer), fields, errors
edges   words and readings (text to words), glossary, lucene (Solr's language to a tree),
        encode (a document as the index's values), generations (the folder), engine (tantivy),
        compile (a tree as the engine's query), answer (page and facets), index (a process's own)
verbs   labels (who sees what), follow (the index catches up with the database, or is built
        anew), live (an index that is as new as the database), suggest (while somebody types)

How to search, in short:

    read_query(q, at=now) -> Query            Solr's `q`: words, or fields where it has a colon
    read_filter(fq, at=now) -> Query          one `fq`
    read_sort(sort) -> tuple[SortKey, ...]    `score desc, metadata_modified desc` by default
    labels_for(actor) -> frozenset[str]       labels.py: what the caller may see
    Search(labels, query, filters=(...), sort=..., start=0, rows=10,
           facets=(Facet("tags", limit=50, mincount=1), ...))
    live.search(tx, Search(...)) -> Found(ids, count, facets: {field: (FacetCount(value, count),)})
    live.terms(tx, "topic" | "theme" | "department" | "column", prefix, labels)
        -> [Term(value, count)]

`live` is `wiring.search`. It answers with ids in order; whoever shows them reads the records from
the database and checks each again (`catalog.audience.sees_dataset`). `Words(text)` is what a person
typed, whatever its signs; only `read_query` and `read_filter` know the language.

Refusals: QueryUnreadable and QueryForbidden and QueryTooLarge and UnfitSearchValue (Solr would not
parse it), UnknownSearchField, SortUnreadable, TooManyValues, IndexNotReady.
"""
