"""Catalogues that are read in regularly, and what their runs changed."""
