-- Documents have versions too: files that are no tables, each state of one approved, withdrawn and
-- kept like a table's. The gate has nothing to say of them.

ALTER TABLE catalog.versions
    DROP CONSTRAINT versions_kind_check,
    ADD CONSTRAINT versions_kind_check
        CHECK (kind IN ('upload', 'step', 'settled', 'sifted', 'document')),
    DROP CONSTRAINT upload_has_its_file,
    ADD CONSTRAINT upload_has_its_file CHECK (
        (kind NOT IN ('upload', 'document') OR upload_id IS NOT NULL)
        AND (upload_id IS NULL OR kind IN ('upload', 'settled', 'document'))
    ),
    DROP CONSTRAINT gate_stands,
    ADD CONSTRAINT gate_stands CHECK (
        state <> 'published'
        OR kind = 'document'
        OR verdict IN ('passed', 'passed_with_warnings', 'known_issue')
    ),
    ADD CONSTRAINT document_is_no_table CHECK (
        kind <> 'document' OR (row_count = 0 AND columns = '[]' AND verdict IS NULL)
    );

-- What was kept before: the file that its distribution tells of is its first version.
INSERT INTO catalog.versions
       (distribution_id, number, upload_id, delta_version, digest, columns, reading, row_count,
        size_bytes, created_at, state, published_by, published_under, published_at, kind)
SELECT DISTINCT ON (held.id)
       held.id,
       1 + coalesce((SELECT max(number)
                       FROM catalog.versions AS known
                      WHERE known.distribution_id = held.id), 0),
       upload.id, 0, upload.blob_sha256, '[]',
       jsonb_build_object('encoding', '', 'delimiter', '', 'quote', '', 'has_header', false,
                          'kind', 'document',
                          'media_type', held.details -> 'weir_file' ->> 'media_type'),
       0, blob.size_bytes, upload.uploaded_at,
       CASE dataset.state WHEN 'published' THEN 'published'
                          WHEN 'withdrawn' THEN 'withdrawn'
                          WHEN 'draft' THEN 'created'
                          ELSE 'submitted' END,
       CASE dataset.state WHEN 'published' THEN dataset.reviewed_by END,
       CASE WHEN dataset.state = 'published' AND dataset.reviewed_by IS NULL THEN 'cn-2025' END,
       CASE dataset.state WHEN 'published' THEN dataset.issued END,
       'document'
  FROM catalog.distributions AS held
  JOIN catalog.datasets AS dataset ON dataset.id = held.dataset_id
  JOIN catalog.uploads AS upload
    ON upload.distribution_id = held.id
   AND upload.state = 'kept'
   AND upload.blob_sha256 = held.details -> 'weir_file' ->> 'sha256'
  JOIN catalog.blobs AS blob ON blob.sha256 = upload.blob_sha256
 WHERE coalesce(held.details -> 'weir_file' ->> 'media_type', '') <> ''
 ORDER BY held.id, upload.uploaded_at DESC, upload.id DESC;

CREATE OR REPLACE FUNCTION catalog.is_unused(wanted text, before timestamptz) RETURNS boolean
LANGUAGE sql STABLE AS $body$
    SELECT EXISTS (SELECT 1 FROM catalog.uploads WHERE blob_sha256 = wanted)
           AND NOT EXISTS (SELECT 1
                             FROM catalog.uploads AS upload
                             LEFT JOIN catalog.versions AS version
                               ON version.upload_id = upload.id
                            WHERE upload.blob_sha256 = wanted
                              AND (upload.uploaded_at >= before
                                   OR upload.state NOT IN ('ingested', 'parted', 'kept', 'failed')
                                   OR version.id IS NOT NULL AND version.removed_at IS NULL))
           AND NOT EXISTS (SELECT 1 FROM catalog.harvest_sources WHERE blob_sha256 = wanted)
           AND NOT EXISTS (SELECT 1 FROM catalog.quarantines WHERE blob_sha256 = wanted)
           AND NOT EXISTS (SELECT 1
                             FROM catalog.distributions
                            WHERE details -> 'weir_file' ->> 'sha256' = wanted)
           AND NOT EXISTS (SELECT 1 FROM policies.images WHERE sha256 = wanted)
$body$;
