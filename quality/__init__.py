"""Is the data fit for use: rules, their enforcement, score, gate, report, profile.

Nouns: `dimension`, `check`, `rule`, `wording`, `outcome`, `score`, `report`, `profile`,
`promise` (of freshness), `sensitive` (what is recognised), `suggest` (rules that data suggests),
`plea` (what is asked for a version that is held back), `drift` (what changed between versions),
`contract` (ODCS), `beside` (what rules may look at beside the table).
Edges: `dqv` (reports as RDF), `expectations` over `engine/` (Great Expectations on DuckDB or Spark
Connect), `footers` (what Parquet footers speak against), `profiling` (one DuckDB pass), `detecting`
and `measuring` (DuckDB over every value), `packs` (the rules of the house, `packs/*.yaml`). Store:
`store`. Verbs: `assess` (a version through the gate), `answer_sensitive` (a publisher answers what
was found), `plead` (one asks, another answers), `notice_late` (promises that broke as time passed),
`quarantine_rows` (bad rows set aside), `take_down` (what a check found), `take_in_contract`,
`rules` (a publisher's own rules, and proposals kept or refused).

Great Expectations costs seconds and hundreds of megabytes to import. Only `engine/` imports it,
only `expectations` imports that, only `assess` imports `expectations`, and only the quality worker
imports `assess`.
"""
