"""Links to data that lies elsewhere: whether they answer.

Noun: `link`. Store: `store`. Verbs: `look` (ask the addresses whose time has come), `read` (what
was found, for the publisher).
"""
