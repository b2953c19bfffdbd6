"""Tables that are fed in small steps: each batch of rows is one Delta commit and one version.

    field       what a column was declared to be
    cell        values as they are sent, and as they are stored
    table       a table as it stands under its lock
    row_files   the Parquet files of rows: written, matched, rewritten, merged
    declare     make a table, change its columns, say its key, drop it
    feed        insert, upsert, update and delete rows
    settle      merge small files, and settle what was fed so that it can be checked

Every row keeps its `_id` for as long as it lives, and files hold the rows in that order. A change
rewrites only the files that hold a changed row; all others are shared by versions.
"""
