"""SQL of this package, a file a noun; nothing outside `exchange` imports it."""
