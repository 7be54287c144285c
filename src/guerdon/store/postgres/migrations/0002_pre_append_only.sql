-- History is added to, never changed: a second guard behind the code's own manners.

CREATE FUNCTION decisions_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'decisions are append-only' USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER decision_is_never_changed BEFORE UPDATE OR DELETE ON decision
FOR EACH ROW EXECUTE FUNCTION decisions_are_append_only();

CREATE TRIGGER decision_is_never_emptied BEFORE TRUNCATE ON decision
FOR EACH STATEMENT EXECUTE FUNCTION decisions_are_append_only();
