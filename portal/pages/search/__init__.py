"""Find: results, facets, reasons, suggestions, saved searches, comparison."""
