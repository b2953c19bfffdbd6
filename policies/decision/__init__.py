"""How a decision is made: facts and clauses, dated profiles, Cedar, ODRL. No database here."""
