"""A department's desk: describe, file, columns, terms, record and its score."""
