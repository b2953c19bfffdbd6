"""Where a distribution's data comes from by itself: an address, a database, a file by SFTP.

connection       the noun: what a source is, what is read from it, how it loads
rhythm           the noun: when it is read
connection_run   the noun: one reading, and what became of it
one_select       edge (sqlglot): whether a statement is one SELECT, in the database's own words
sealed           edge (cryptography): passwords and keys as they lie at rest
read_database    edge (connectorx): a query into Parquet, in a process of its own
query_process    edge: starts that process, keeps its clock, reads what it says
read_sftp        edge (paramiko): a file of an SFTP server whose key is pinned
read             verb: the bytes of a source, or that nothing changed
store            SQL
set_up           verb: name a source, change, switch on, pause and remove it
begin            verb: ask for a run, by hand or by the clock
carry_out        verb: a run, from asking the source to an upload like any other
follow           verb: what a publisher sees
errors           every refusal
"""
