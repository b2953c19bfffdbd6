-- What everybody was told of: a harvester that took a record has to learn that it went, and nobody
-- else may learn that it was there.
CREATE TABLE catalog.public_records (
    dataset_id uuid PRIMARY KEY,                       -- of a dataset that may be gone
    is_public boolean NOT NULL,
    changed_at timestamptz NOT NULL                    -- also when it stopped being public
);
CREATE INDEX public_records_by_change ON catalog.public_records (changed_at, dataset_id);

-- Classified records never leave the site.
CREATE FUNCTION catalog.is_public(dataset catalog.datasets)
RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN NOT dataset.is_purged
   AND dataset.state = 'published'
   AND dataset.audience = 'public'
   AND coalesce(dataset.directory ->> 'is_classified', 'false') <> 'true';

CREATE FUNCTION catalog.note_public_record() RETURNS trigger
LANGUAGE plpgsql AS $body$
BEGIN
    IF EXISTS (SELECT 1
                 FROM catalog.datasets AS dataset
                WHERE dataset.id = NEW.dataset_id
                  AND catalog.is_public(dataset)) THEN
        INSERT INTO catalog.public_records (dataset_id, is_public, changed_at)
        VALUES (NEW.dataset_id, true, clock_timestamp())
            ON CONFLICT (dataset_id)
            DO UPDATE SET is_public = true, changed_at = EXCLUDED.changed_at;
    ELSE
        UPDATE catalog.public_records
           SET is_public = false,
               changed_at = clock_timestamp()
         WHERE dataset_id = NEW.dataset_id
           AND is_public;
    END IF;
    RETURN NULL;
END
$body$;

-- Whatever an index has to read again, a harvester has to read again.
CREATE TRIGGER harvesters_follow AFTER INSERT ON catalog.search_changes
    FOR EACH ROW EXECUTE FUNCTION catalog.note_public_record();

INSERT INTO catalog.public_records (dataset_id, is_public, changed_at)
SELECT id, true, modified_at
  FROM catalog.datasets AS dataset
 WHERE catalog.is_public(dataset);

-- Spreadsheets of the directory that were read and not yet carried out; kept for a day.
CREATE TABLE catalog.directory_imports (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    publisher_id uuid NOT NULL REFERENCES policies.organizations,
    made_by uuid NOT NULL REFERENCES policies.users,
    made_at timestamptz NOT NULL,
    file_name text NOT NULL CHECK (length(file_name) <= 255),
    rows jsonb NOT NULL                                -- the cells as they were read
);
CREATE INDEX directory_imports_by_time ON catalog.directory_imports (made_at);
