-- name: definitions
-- Everything of a kind, in the order of its creation.
SELECT definition_id, ordinal, active, created_at, changed_at, body
FROM definition WHERE tenant_id = :tenant_id AND kind = :kind ORDER BY ordinal;

-- name: definition
-- One definition.
SELECT definition_id, ordinal, active, created_at, changed_at, body
FROM definition
WHERE tenant_id = :tenant_id AND kind = :kind AND definition_id = :definition_id;

-- name: add_definition
-- Something new.
INSERT INTO definition (tenant_id, kind, definition_id, ordinal, active, created_at, changed_at, body)
VALUES (:tenant_id, :kind, :definition_id, :ordinal, :active, :created_at, :created_at, :body);

-- name: change_definition
-- A definition as it is now.
UPDATE definition SET active = :active, changed_at = :changed_at, body = :body
WHERE tenant_id = :tenant_id AND kind = :kind AND definition_id = :definition_id;

-- name: remove_definition
-- One thing less.
DELETE FROM definition
WHERE tenant_id = :tenant_id AND kind = :kind AND definition_id = :definition_id;

-- name: clear_definitions
-- Before they are folded again.
DELETE FROM definition WHERE tenant_id = :tenant_id;
