"""The forms in which the catalogue is handed to others: one file a format."""
