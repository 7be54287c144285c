-- name: first_lots_by_expiry
-- Some members' (a JSON list of numbers) first lots that can be spent, soonest to expire first.
SELECT t.number, t.position, t.remaining, t.expires_at, t.created_at
FROM json_array_elements_text(CAST(:numbers AS json)) m
CROSS JOIN LATERAL (
    SELECT f.number, f.position, f.remaining, f.expires_at, f.created_at FROM points_transfer f
    WHERE f.tenant_id = :tenant_id AND f.number = CAST(m AS bigint) AND f.is_open = 1
      AND f.state = 'active' AND f.expires_at > :moment
    ORDER BY f.expires_at, f.position LIMIT :limit) t
ORDER BY t.number, t.expires_at, t.position;

-- name: first_lots_by_age
-- The same, oldest first.
SELECT t.number, t.position, t.remaining, t.expires_at, t.created_at
FROM json_array_elements_text(CAST(:numbers AS json)) m
CROSS JOIN LATERAL (
    SELECT f.number, f.position, f.remaining, f.expires_at, f.created_at FROM points_transfer f
    WHERE f.tenant_id = :tenant_id AND f.number = CAST(m AS bigint) AND f.is_open = 1
      AND f.state = 'active' AND f.expires_at > :moment
    ORDER BY f.created_at, f.position LIMIT :limit) t
ORDER BY t.number, t.created_at, t.position;
