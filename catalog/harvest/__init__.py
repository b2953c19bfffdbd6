"""Taking in other catalogues: read them, say what would change, apply it, undo it.

Nouns: `source`, `remote_record`, `changes` (the comparison), `run`, `entry` (their words in ours).
Edges: `fetch` (every byte from outside passes it), `read_ckan`, `read_dcat`, `read_data_json`,
`read_oai_pmh`, `read_csv_manifest`.
Verbs: `name_source` (keep sources), `look` (dry run), `apply`, `undo`, `schedule`, `follow` (read).
"""
