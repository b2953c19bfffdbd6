"""SQL over the schema `policies`, a file for each noun; nobody outside this package imports it.

events       events, their personal fields and edges
log          leaves, tree nodes, tree heads
examination  what an examination of the log reads
keys         public halves of the signing keys
agreements   agreements
freezes      freezes
people       organisations, users, the roles that join them
sessions     sessions, failures to sign in, one-time links
tokens       API tokens and access tokens
once         idempotency keys
"""
