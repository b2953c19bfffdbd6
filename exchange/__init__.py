"""Data changes hands: what is listed, asked for and agreed; what is delivered, metered and paid.

Nouns: `listing`, `application`, `credit`, `price`, `delivery`, `receipt`, `lineage`.
Stores: `store/`, one file a noun. Edges: `query` (the text of SQL).
Verbs: `list_product`, `apply`, `negotiate`, `access`, `settle`, `deliver`, `trace`, `supervise`.

The heart is `deliver`: decide, estimate, reserve; run into a complete file; receipt, charge and
event in one transaction; hand out.
"""
