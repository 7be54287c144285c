-- name: accounts_of
-- What some members' accounts hold (a JSON list of numbers), and how much of it has lapsed.
SELECT a.number, a.account_id, a.available, a.locked, a.blocked, a.debt, a.earned, a.spent,
       a.expired,
       CAST((SELECT COALESCE(SUM(t.remaining), 0) FROM points_transfer t
             WHERE t.tenant_id = :tenant_id AND t.number = a.number AND t.is_open = 1
               AND t.state = 'active' AND t.expires_at <= :moment) AS BIGINT) AS lapsed
FROM account a
WHERE a.tenant_id = :tenant_id
  AND a.number = ANY (ARRAY(SELECT CAST(json_array_elements_text(CAST(:numbers AS json))
                                        AS bigint)));

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
