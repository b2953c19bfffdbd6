-- Whose receipt a file is, by the file's digest.
CREATE INDEX receipts_by_result ON exchange.receipts (result_sha256);
