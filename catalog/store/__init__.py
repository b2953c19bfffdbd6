"""The catalogue's tables: the only place that knows them.

datasets   datasets, the datasets they were made from, and their distributions
uploads    blobs and uploads
versions   versions and their files
search     finding datasets by words
"""
