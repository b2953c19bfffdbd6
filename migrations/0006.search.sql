-- Which records changed, for indexes that follow. Each index remembers the snapshot up to which it
-- has read; what has become visible since then is what it still has to read. A number alone would
-- not do: a transaction with a lower number may commit after one with a higher.
CREATE TABLE catalog.search_changes (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dataset_id uuid NOT NULL,                      -- may be gone: then the record was removed
    transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id()
);
CREATE INDEX search_changes_by_transaction ON catalog.search_changes (transaction_id);

-- One row. An index that belongs to another database, or lost touch, is built anew.
CREATE TABLE catalog.search_feed (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    forgotten_to xid8 NOT NULL DEFAULT '0'         -- changes up to here were removed
);
INSERT INTO catalog.search_feed DEFAULT VALUES;

-- Names the row's column that holds the dataset.
CREATE FUNCTION catalog.note_search_change() RETURNS trigger
LANGUAGE plpgsql AS $body$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO catalog.search_changes (dataset_id)
        VALUES ((to_jsonb(NEW) ->> TG_ARGV[0])::uuid);
    END IF;
    IF TG_OP <> 'INSERT'
       AND (TG_OP = 'DELETE' OR to_jsonb(OLD) ->> TG_ARGV[0] <> to_jsonb(NEW) ->> TG_ARGV[0]) THEN
        INSERT INTO catalog.search_changes (dataset_id)
        VALUES ((to_jsonb(OLD) ->> TG_ARGV[0])::uuid);
    END IF;
    NOTIFY weir_search;
    RETURN NULL;
END
$body$;

CREATE FUNCTION catalog.note_version_change() RETURNS trigger
LANGUAGE plpgsql AS $body$
BEGIN
    INSERT INTO catalog.search_changes (dataset_id)
    SELECT dataset_id
      FROM catalog.distributions
     WHERE id = NEW.distribution_id;
    NOTIFY weir_search;
    RETURN NULL;
END
$body$;

CREATE FUNCTION catalog.note_publisher_change() RETURNS trigger
LANGUAGE plpgsql AS $body$
BEGIN
    INSERT INTO catalog.search_changes (dataset_id)
    SELECT id
      FROM catalog.datasets
     WHERE publisher_id = NEW.id;
    NOTIFY weir_search;
    RETURN NULL;
END
$body$;

CREATE FUNCTION catalog.note_theme_change() RETURNS trigger
LANGUAGE plpgsql AS $body$
BEGIN
    INSERT INTO catalog.search_changes (dataset_id)
    SELECT dataset_id
      FROM catalog.dataset_themes
     WHERE theme_id = NEW.id;
    NOTIFY weir_search;
    RETURN NULL;
END
$body$;

CREATE TRIGGER search_follows AFTER INSERT OR UPDATE OR DELETE ON catalog.datasets
    FOR EACH ROW EXECUTE FUNCTION catalog.note_search_change('id');
CREATE TRIGGER search_follows AFTER INSERT OR UPDATE OR DELETE ON catalog.distributions
    FOR EACH ROW EXECUTE FUNCTION catalog.note_search_change('dataset_id');
CREATE TRIGGER search_follows AFTER INSERT OR UPDATE OR DELETE ON catalog.dataset_themes
    FOR EACH ROW EXECUTE FUNCTION catalog.note_search_change('dataset_id');
CREATE TRIGGER search_follows AFTER INSERT OR UPDATE OR DELETE ON catalog.dataset_terms
    FOR EACH ROW EXECUTE FUNCTION catalog.note_search_change('dataset_id');
CREATE TRIGGER search_follows AFTER INSERT OR UPDATE OR DELETE ON exchange.listings
    FOR EACH ROW EXECUTE FUNCTION catalog.note_search_change('dataset_id');
CREATE TRIGGER search_follows AFTER INSERT OR UPDATE OF state, verdict, report_id
    ON catalog.versions
    FOR EACH ROW EXECUTE FUNCTION catalog.note_version_change();
CREATE TRIGGER search_follows AFTER UPDATE OF slug, title ON policies.organizations
    FOR EACH ROW EXECUTE FUNCTION catalog.note_publisher_change();
CREATE TRIGGER search_follows AFTER UPDATE OF slug, title, is_removed ON catalog.themes
    FOR EACH ROW EXECUTE FUNCTION catalog.note_theme_change();
