"""The typed API of everything that the pages do, a module for each noun."""
