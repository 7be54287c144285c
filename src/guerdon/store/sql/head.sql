-- name: add_head
-- A new tenant's head: nothing has happened yet.
INSERT INTO head (tenant_id, activity_position, decision_position, decision_hash, recorded_at,
                  member_number, row_number, identity_version)
VALUES (:tenant_id, 0, 0, :decision_hash, :recorded_at, 0, 0, 1);

-- name: lock_head
-- The tenant's counters; holds the row until the commit.
SELECT activity_position, decision_position, decision_hash, recorded_at, member_number, row_number,
       identity_version
FROM head WHERE tenant_id = :tenant_id;

-- name: head
-- The tenant's counters, read only.
SELECT activity_position, decision_position, decision_hash, recorded_at, member_number, row_number,
       identity_version
FROM head WHERE tenant_id = :tenant_id;

-- name: heads
-- How far every tenant's journals have come.
-- cross-tenant: the background work of all tenants is planned by one process
SELECT tenant_id, activity_position, decision_position FROM head ORDER BY tenant_id;

-- name: save_head
-- The counters as this transaction leaves them.
UPDATE head
SET activity_position = :activity_position, decision_position = :decision_position,
    decision_hash = :decision_hash, recorded_at = :recorded_at, member_number = :member_number,
    row_number = :row_number, identity_version = :identity_version
WHERE tenant_id = :tenant_id;

-- name: counter_total
-- One counter.
SELECT total FROM counter WHERE tenant_id = :tenant_id AND name = :name;

-- name: set_counter
-- A counter's new total.
INSERT INTO counter (tenant_id, name, total) VALUES (:tenant_id, :name, :total)
ON CONFLICT (tenant_id, name) DO UPDATE SET total = excluded.total;

-- name: counters
-- All counters of a tenant, those of single members left out.
SELECT name, total FROM counter
WHERE tenant_id = :tenant_id AND name NOT LIKE 'excluded-delivery:%' ORDER BY name;

-- name: seal
-- A member's wrapped key.
SELECT wrapped FROM seal WHERE tenant_id = :tenant_id AND number = :number;

-- name: add_seal
-- A member's new key.
INSERT INTO seal (tenant_id, number, wrapped) VALUES (:tenant_id, :number, :wrapped);

-- name: first_seal
-- The first wrapped key of all: tenant 0, which nobody is, has it.
-- cross-tenant: whether the secret key is this database's own is asked before any tenant is
SELECT tenant_id, number, wrapped FROM seal ORDER BY tenant_id, number LIMIT 1;

-- name: follower_position
-- How far a follower has come.
SELECT position FROM follower WHERE tenant_id = :tenant_id AND name = :name;

-- name: add_follower
-- A follower at the start of its journal.
INSERT INTO follower (tenant_id, name, position) VALUES (:tenant_id, :name, 0)
ON CONFLICT (tenant_id, name) DO NOTHING;

-- name: advance_follower
-- Move the checkpoint, unless somebody else did.
UPDATE follower SET position = :position
WHERE tenant_id = :tenant_id AND name = :name AND position = :before;
