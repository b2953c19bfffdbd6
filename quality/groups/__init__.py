"""Small groups: columns that together tell persons apart, and how many rows share their values.

group    noun: what a publisher declares, what is counted of a version
errors   every refusal
store    tables quality.groups_declared, quality.groups_counted
count    edge: one DuckDB pass over a version's files
declare  verbs: declare, count, answer
"""
