-- The search is an index of its own now; the database no longer finds datasets by words.
ALTER TABLE catalog.datasets DROP COLUMN search_words;
