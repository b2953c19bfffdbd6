"""Pictures that the server draws: histograms, lineage, the river, tables."""
