"""The catalogue as others' programs read it: RDF, data.json, OAI-PMH, Croissant, Data Package."""
