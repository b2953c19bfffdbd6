-- How versions end: one is withdrawn by itself with a reason that readers are told, or its bytes
-- are removed when its retention has ended. Either way its row stays: receipts and lineage name it.
ALTER TABLE catalog.versions
    ADD withdrawal_reason text
        CHECK (withdrawal_reason IN ('wrong', 'personal_data', 'rights', 'order', 'incomplete',
                                     'other')),
    ADD withdrawn_at timestamptz,
    ADD withdrawn_by uuid REFERENCES policies.users,
    ADD removed_at timestamptz,
    ADD CONSTRAINT withdrawal_is_whole
        CHECK ((withdrawal_reason IS NULL) = (withdrawn_at IS NULL)
               AND (withdrawal_reason IS NULL OR state = 'withdrawn'));
CREATE INDEX versions_by_digest ON catalog.versions (distribution_id, digest);

-- What is kept of a dataset's older versions where its publisher asks for something else than the
-- installation's own rule: the newest so many, and whatever is younger than so many days.
CREATE TABLE catalog.retention (
    dataset_id uuid PRIMARY KEY REFERENCES catalog.datasets ON DELETE CASCADE,
    versions_kept integer NOT NULL CHECK (versions_kept BETWEEN 1 AND 100000),
    days_kept integer NOT NULL CHECK (days_kept BETWEEN 0 AND 36500),
    set_by uuid REFERENCES policies.users,
    set_at timestamptz NOT NULL
);

-- When the bytes of an upload were removed; bytes that come again are told of anew.
ALTER TABLE catalog.blobs ADD removed_at timestamptz;

-- Whether no version, source, picture or record needs an uploaded file. A version needs the file it
-- was read from while its bytes are kept; an upload needs it until it has ended, and for a while.
CREATE FUNCTION catalog.is_unused(wanted text, before timestamptz) RETURNS boolean
LANGUAGE sql STABLE AS $body$
    SELECT EXISTS (SELECT 1 FROM catalog.uploads WHERE blob_sha256 = wanted)
           AND NOT EXISTS (SELECT 1
                             FROM catalog.uploads AS upload
                             LEFT JOIN catalog.versions AS version
                               ON version.upload_id = upload.id
                            WHERE upload.blob_sha256 = wanted
                              AND (upload.uploaded_at >= before
                                   OR upload.state NOT IN ('ingested', 'parted', 'failed')
                                   OR version.id IS NOT NULL AND version.removed_at IS NULL))
           AND NOT EXISTS (SELECT 1 FROM catalog.harvest_sources WHERE blob_sha256 = wanted)
           AND NOT EXISTS (SELECT 1 FROM catalog.quarantines WHERE blob_sha256 = wanted)
           AND NOT EXISTS (SELECT 1
                             FROM catalog.distributions
                            WHERE details -> 'weir_file' ->> 'sha256' = wanted)
           AND NOT EXISTS (SELECT 1 FROM policies.images WHERE sha256 = wanted)
$body$;
