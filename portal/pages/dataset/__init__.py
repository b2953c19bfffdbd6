"""The pages of one dataset: overview, data, quality, lineage, use."""
