"""The regulator's desk, and one receipt with everything behind it."""
