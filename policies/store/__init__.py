"""SQL over the schema `policies`, a file for each noun; nobody outside this package imports it.

log          events, their personal fields and edges, leaves, tree nodes, tree heads
keys         public halves of the signing keys
agreements   agreements
freezes      freezes
people       organisations, users, the roles that join them
sessions     sessions, failures to sign in, one-time links
tokens       API tokens and access tokens
once         idempotency keys
"""
