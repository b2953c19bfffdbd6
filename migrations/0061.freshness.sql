-- A dataset is as fresh as what it was made from: where that changes, its record is read again too.
CREATE FUNCTION catalog.note_dependents(changed uuid) RETURNS void
LANGUAGE sql AS $body$
    INSERT INTO catalog.search_changes (dataset_id)
    WITH RECURSIVE dependents (id) AS (
        SELECT dataset_id
          FROM catalog.dataset_inputs
         WHERE input_id = changed
         UNION
        SELECT made.dataset_id
          FROM catalog.dataset_inputs AS made
          JOIN dependents ON dependents.id = made.input_id
    )
    SELECT id
      FROM dependents
$body$;

CREATE INDEX dataset_inputs_by_input ON catalog.dataset_inputs (input_id);

CREATE FUNCTION catalog.note_source_data() RETURNS trigger
LANGUAGE plpgsql AS $body$
BEGIN
    PERFORM catalog.note_dependents(dataset_id)
       FROM catalog.distributions
      WHERE id = NEW.distribution_id;
    RETURN NULL;
END
$body$;

CREATE FUNCTION catalog.note_source_record() RETURNS trigger
LANGUAGE plpgsql AS $body$
BEGIN
    PERFORM catalog.note_dependents(NEW.id);
    RETURN NULL;
END
$body$;

CREATE TRIGGER dependents_follow AFTER UPDATE OF state ON catalog.versions
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state)
    EXECUTE FUNCTION catalog.note_source_data();
CREATE TRIGGER dependents_follow AFTER UPDATE OF state, audience, update_cycle ON catalog.datasets
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state
                       OR OLD.audience IS DISTINCT FROM NEW.audience
                       OR OLD.update_cycle IS DISTINCT FROM NEW.update_cycle)
    EXECUTE FUNCTION catalog.note_source_record();

CREATE FUNCTION catalog.note_inputs() RETURNS trigger
LANGUAGE plpgsql AS $body$
BEGIN
    PERFORM catalog.note_dependents(CASE TG_OP WHEN 'DELETE' THEN OLD.dataset_id
                                               ELSE NEW.dataset_id END);
    RETURN NULL;
END
$body$;
CREATE TRIGGER dependents_follow AFTER INSERT OR DELETE ON catalog.dataset_inputs
    FOR EACH ROW EXECUTE FUNCTION catalog.note_inputs();
