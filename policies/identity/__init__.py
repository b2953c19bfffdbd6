"""People and organisations: enrolled, joined, signed in, given tokens."""
