-- Every change to what a decision about reading rests on is told to those who remember decisions
-- for some seconds. Nothing is told for what only counts or dates a use.

CREATE FUNCTION policies.tell_of_change() RETURNS trigger
LANGUAGE plpgsql AS $body$
BEGIN
    NOTIFY weir_standing;
    RETURN NULL;
END
$body$;

CREATE TRIGGER standing_changes AFTER INSERT OR UPDATE OR DELETE ON policies.organizations
    FOR EACH STATEMENT EXECUTE FUNCTION policies.tell_of_change();
CREATE TRIGGER standing_changes AFTER UPDATE OF name, is_active OR DELETE ON policies.users
    FOR EACH STATEMENT EXECUTE FUNCTION policies.tell_of_change();
CREATE TRIGGER standing_changes AFTER INSERT OR UPDATE OR DELETE ON policies.memberships
    FOR EACH STATEMENT EXECUTE FUNCTION policies.tell_of_change();
CREATE TRIGGER standing_changes AFTER UPDATE OF revoked_at, expires_at, organization_id OR DELETE
    ON policies.tokens
    FOR EACH STATEMENT EXECUTE FUNCTION policies.tell_of_change();
CREATE TRIGGER standing_changes AFTER INSERT OR UPDATE OR DELETE ON policies.signing_keys
    FOR EACH STATEMENT EXECUTE FUNCTION policies.tell_of_change();
CREATE TRIGGER standing_changes AFTER INSERT OR UPDATE OR DELETE ON policies.agreements
    FOR EACH STATEMENT EXECUTE FUNCTION policies.tell_of_change();
CREATE TRIGGER standing_changes AFTER INSERT OR UPDATE OR DELETE ON policies.freezes
    FOR EACH STATEMENT EXECUTE FUNCTION policies.tell_of_change();

CREATE TRIGGER standing_changes AFTER INSERT OR UPDATE OR DELETE ON catalog.datasets
    FOR EACH STATEMENT EXECUTE FUNCTION policies.tell_of_change();
CREATE TRIGGER standing_changes AFTER INSERT OR UPDATE OR DELETE ON catalog.distributions
    FOR EACH STATEMENT EXECUTE FUNCTION policies.tell_of_change();
CREATE TRIGGER standing_changes AFTER INSERT OR UPDATE OR DELETE ON catalog.versions
    FOR EACH STATEMENT EXECUTE FUNCTION policies.tell_of_change();
CREATE TRIGGER standing_changes AFTER INSERT OR UPDATE OR DELETE ON catalog.version_files
    FOR EACH STATEMENT EXECUTE FUNCTION policies.tell_of_change();
CREATE TRIGGER standing_changes AFTER INSERT OR UPDATE OR DELETE ON catalog.collaborators
    FOR EACH STATEMENT EXECUTE FUNCTION policies.tell_of_change();
CREATE TRIGGER standing_changes AFTER INSERT OR UPDATE OR DELETE ON catalog.step_tables
    FOR EACH STATEMENT EXECUTE FUNCTION policies.tell_of_change();
CREATE TRIGGER standing_changes AFTER INSERT OR UPDATE OR DELETE ON catalog.table_aliases
    FOR EACH STATEMENT EXECUTE FUNCTION policies.tell_of_change();

CREATE TRIGGER standing_changes AFTER INSERT OR UPDATE OR DELETE ON exchange.listings
    FOR EACH STATEMENT EXECUTE FUNCTION policies.tell_of_change();
