"""Files in: what an uploaded file is, and its rows as typed Parquet.

kind       what kind of file it is, by its first bytes
wish       what the publisher chooses in place of a guess
sniff      of a delimited text: encoding, delimiter, quotes, title lines, heading
delimited  its cells as text, row by row, with every row that does not fit named by its line
workbook   the cells of a sheet: XLSX, XLSB, XLS, ODS
records    rows out of JSON, NDJSON, JSON5 and GeoJSON
layers     shapefiles and GeoPackages
columnar   Parquet and Arrow, which bring their types
archive    what zip and gzip files hold
staging    cells as text on their way, from every reader
typed      the type of each column, decided over all rows, and the Parquet of a version
read       one of them after the other; the entry of the confined process

All of it reads bytes that a stranger sent and runs inside the confined process: plain functions
over paths, with everything they leave behind in one work folder.
"""
