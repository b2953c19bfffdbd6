"""Everything that waits for one reader, and a page to decide each."""
