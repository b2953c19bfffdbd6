"""Files in: what an uploaded file is, and its rows as typed Parquet.

sniff      what the file is: kind, encoding, delimiter, quotes, header
delimited  its cells as text, row by row, with every row that does not fit named by its line
typed      the type of each column, decided over all rows, and the Parquet of a version

All of it reads bytes that a stranger sent and runs inside the confined process: plain functions
over paths, with everything they leave behind in one work folder.
"""
