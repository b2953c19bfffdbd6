-- What plug-ins of CKAN's clients keep with a dataset; only sysadmins write and read it.
CREATE TABLE catalog.plugin_data (
    dataset_id uuid PRIMARY KEY REFERENCES catalog.datasets ON DELETE CASCADE,
    data jsonb NOT NULL CHECK (length(data::text) <= 1000000)
);
