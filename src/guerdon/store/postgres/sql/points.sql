-- name: accounts_of
-- What some members' accounts hold (a JSON list of numbers), and how much of it has lapsed.
SELECT a.number, a.account_id, a.available, a.locked, a.blocked, a.debt, a.earned, a.spent,
       a.expired,
       CAST((SELECT COALESCE(SUM(t.remaining), 0) FROM points_transfer t
             WHERE t.tenant_id = :tenant_id AND t.number = a.number AND t.remaining > 0
               AND t.state = 'active' AND t.expires_at <= :moment) AS BIGINT) AS lapsed
FROM account a
WHERE a.tenant_id = :tenant_id
  AND a.number = ANY (ARRAY(SELECT CAST(json_array_elements_text(CAST(:numbers AS json))
                                        AS bigint)));
