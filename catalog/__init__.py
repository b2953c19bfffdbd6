"""What data exists: datasets, their versions, the files they came from and the tables they are in.

nouns   dataset, version, view, audience, folders, statement
edges   blobs, tables, warehouse, confine, kernel_limits, locked_query, json_rows, files/
verbs   curation/ (describe, classify, themes, purge ...), upload, ingest,
        publish, find, serve, examine
store   store/, private to this package
"""
