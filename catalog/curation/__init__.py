"""How records are written: described, classified, related, handed over, purged."""
