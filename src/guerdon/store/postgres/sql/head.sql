-- name: lock_head
-- The tenant's counters; holds the row until the commit.
SELECT activity_position, decision_position, decision_hash, recorded_at, member_number, row_number,
       identity_version
FROM head WHERE tenant_id = :tenant_id FOR UPDATE;
