-- name: add_account
-- An account that holds nothing yet.
INSERT INTO account (tenant_id, number, account_id, available, locked, blocked, debt, earned, spent,
                     expired, received, moves)
VALUES (:tenant_id, :number, :account_id, 0, 0, 0, 0, 0, 0, 0, 0, :moves);

-- name: account
-- What a member's account holds, and how much of it has lapsed before this moment unrecorded: no
-- lot has that lapsed before the first one that is due.
SELECT a.account_id, a.available, a.locked, a.blocked, a.debt, a.earned, a.spent, a.expired,
       a.received,
       CAST((SELECT COALESCE(SUM(t.remaining), 0) FROM points_transfer t
             WHERE t.tenant_id = :tenant_id AND t.number = :number AND t.is_open = 1
               AND t.state = 'active' AND t.expires_at <= :moment
               AND t.expires_at >= (SELECT d.due_at FROM points_transfer d
                                    WHERE d.tenant_id = :tenant_id AND d.due_at IS NOT NULL
                                    ORDER BY d.due_at LIMIT 1)) AS BIGINT) AS lapsed,
       a.moves
FROM account a WHERE a.tenant_id = :tenant_id AND a.number = :number;

-- name: accounts_of
-- The same of some members (a JSON list of numbers).
SELECT a.number, a.account_id, a.available, a.locked, a.blocked, a.debt, a.earned, a.spent,
       a.expired, a.received,
       CAST((SELECT COALESCE(SUM(t.remaining), 0) FROM points_transfer t
             WHERE t.tenant_id = :tenant_id AND t.number = a.number AND t.is_open = 1
               AND t.state = 'active' AND t.expires_at <= :moment
               AND t.expires_at >= (SELECT d.due_at FROM points_transfer d
                                    WHERE d.tenant_id = :tenant_id AND d.due_at IS NOT NULL
                                    ORDER BY d.due_at LIMIT 1)) AS BIGINT) AS lapsed,
       a.moves
FROM account a
WHERE a.tenant_id = :tenant_id AND a.number IN (SELECT value FROM json_each(:numbers));

-- name: account_books_of
-- What the books have of some members' accounts (a JSON list of numbers), whatever has lapsed.
SELECT number, account_id, available, locked, blocked, debt, earned, spent, expired, received,
       NULL AS lapsed, moves
FROM account
WHERE tenant_id = :tenant_id AND number IN (SELECT value FROM json_each(:numbers));

-- name: change_account
-- What a decision adds to a member's sums, or takes from them, and where.
UPDATE account
SET available = available + :available, locked = locked + :locked, blocked = blocked + :blocked,
    debt = debt + :debt, earned = earned + :earned, spent = spent + :spent,
    expired = expired + :expired, received = received + :received, moves = :moves
WHERE tenant_id = :tenant_id AND number = :number;

-- name: add_points_transfer
-- A transfer of points; a lot, if it brought any.
INSERT INTO points_transfer (tenant_id, position, number, transfer_id, kind, state, value, issuer,
                             comment, created_at, remaining, is_open, expires_at, locked_until,
                             due_at, transaction_id, revised_id, other_account, pieces)
VALUES (:tenant_id, :position, :number, :transfer_id, :kind, :state, :value, :issuer, :comment,
        :created_at, :remaining, :is_open, :expires_at, :locked_until, :due_at, :transaction_id,
        :revised_id, :other_account, :pieces);

-- name: add_points_posting
-- One movement of points between two accounts.
INSERT INTO points_posting (tenant_id, position, leg, number, about, from_account, to_account,
                            points, recorded_at)
VALUES (:tenant_id, :position, :leg, :number, :about, :from_account, :to_account, :points,
        :recorded_at);

-- name: add_points_run
-- Where an account's earlier movements are.
INSERT INTO points_run (tenant_id, number, last_position, moves)
VALUES (:tenant_id, :number, :last_position, :moves);

-- name: points_runs
-- Where a member's earlier movements are, from after a position on, oldest first.
SELECT last_position, moves FROM points_run
WHERE tenant_id = :tenant_id AND number = :number AND last_position > :after
ORDER BY last_position LIMIT :limit;

-- name: points_moves
-- Where a member's latest movements are.
SELECT moves FROM account WHERE tenant_id = :tenant_id AND number = :number;

-- name: take_from_lot
-- Points leave a lot. No index is about how many are left.
UPDATE points_transfer SET remaining = remaining - :points
WHERE tenant_id = :tenant_id AND position = :position;

-- name: close_lot
-- All points of a lot are taken: it is due for nothing.
UPDATE points_transfer SET is_open = 0, due_at = NULL
WHERE tenant_id = :tenant_id AND position = :position;

-- name: set_lot
-- What a lot is from now on.
UPDATE points_transfer
SET state = :state, remaining = :remaining, is_open = :is_open, due_at = :due_at
WHERE tenant_id = :tenant_id AND position = :position;

-- name: expire_lot
-- A lot's time has passed. It stays open, so that its place among the member's lots is not written
-- to: who looks for lots begins after it.
UPDATE points_transfer SET state = 'expired', remaining = 0, due_at = NULL
WHERE tenant_id = :tenant_id AND position = :position;

-- name: open_lots
-- How many lots with something in them a member has, of each kind and state. None expires before the
-- first that is due, nor before this moment when none is.
SELECT kind, state, COUNT(*) FROM points_transfer
WHERE tenant_id = :tenant_id AND number = :number AND is_open = 1
  AND state IN ('active', 'pending')
  AND expires_at >= COALESCE((SELECT d.due_at FROM points_transfer d
                              WHERE d.tenant_id = :tenant_id AND d.due_at IS NOT NULL
                              ORDER BY d.due_at LIMIT 1), :moment)
GROUP BY kind, state ORDER BY kind, state;

-- name: empty_open_lots
-- All a member's lots expire at once, the same that `open_lots` counts.
UPDATE points_transfer SET state = 'expired', remaining = 0, is_open = 0, due_at = NULL
WHERE tenant_id = :tenant_id AND number = :number AND is_open = 1
  AND state IN ('active', 'pending')
  AND expires_at >= COALESCE((SELECT d.due_at FROM points_transfer d
                              WHERE d.tenant_id = :tenant_id AND d.due_at IS NOT NULL
                              ORDER BY d.due_at LIMIT 1), :moment);

-- name: lots_by_expiry
-- A member's lots that can be spent, soonest to expire first, from one on.
SELECT position, remaining, expires_at, created_at FROM points_transfer
WHERE tenant_id = :tenant_id AND number = :number AND is_open = 1 AND state = 'active'
  AND expires_at > :moment AND (expires_at, position) > (:expires_at, :position)
ORDER BY expires_at, position LIMIT :limit;

-- name: lots_by_age
-- A member's lots that can be spent, oldest first, from one on.
SELECT position, remaining, expires_at, created_at FROM points_transfer
WHERE tenant_id = :tenant_id AND number = :number AND is_open = 1 AND state = 'active'
  AND expires_at > :moment AND (created_at, position) > (:created_at, :position)
ORDER BY created_at, position LIMIT :limit;

-- name: first_lots_by_expiry
-- Some members' (a JSON list of numbers) first lots that can be spent, soonest to expire first.
SELECT t.number, t.position, t.remaining, t.expires_at, t.created_at
FROM json_each(:numbers) m CROSS JOIN points_transfer t
WHERE t.tenant_id = :tenant_id AND t.position IN (
    SELECT f.position FROM points_transfer f
    WHERE f.tenant_id = :tenant_id AND f.number = m.value AND f.is_open = 1
      AND f.state = 'active' AND f.expires_at > :moment
    ORDER BY f.expires_at, f.position LIMIT :limit)
ORDER BY t.number, t.expires_at, t.position;

-- name: first_lots_by_age
-- The same, oldest first.
SELECT t.number, t.position, t.remaining, t.expires_at, t.created_at
FROM json_each(:numbers) m CROSS JOIN points_transfer t
WHERE t.tenant_id = :tenant_id AND t.position IN (
    SELECT f.position FROM points_transfer f
    WHERE f.tenant_id = :tenant_id AND f.number = m.value AND f.is_open = 1
      AND f.state = 'active' AND f.expires_at > :moment
    ORDER BY f.created_at, f.position LIMIT :limit)
ORDER BY t.number, t.created_at, t.position;

-- name: lots_due
-- Lots of a tenant with something due, the longest overdue first. Whole days end at once: then in
-- the order they were made, in which they lie.
SELECT t.position, t.number, t.transfer_id, t.kind, t.state, t.value, t.issuer, t.comment,
       t.created_at, t.remaining, t.expires_at, t.locked_until, t.transaction_id, t.revised_id,
       t.other_account, t.pieces
FROM points_transfer t
WHERE t.tenant_id = :tenant_id AND t.due_at <= :moment
ORDER BY t.due_at, t.position LIMIT :limit;

-- name: points_expiring
-- What of a member's points will expire in a span of time, by moment.
SELECT expires_at, CAST(SUM(remaining) AS BIGINT) FROM points_transfer
WHERE tenant_id = :tenant_id AND number = :number AND is_open = 1 AND state = 'active'
  AND expires_at > :after AND expires_at <= :until
GROUP BY expires_at ORDER BY expires_at LIMIT :limit;

-- name: points_transfer
-- One transfer. Why it was made is what the next decision says, if that is an explanation.
SELECT t.position, t.number, t.transfer_id, t.kind, t.state, t.value, t.issuer, t.comment,
       t.created_at, t.remaining, t.expires_at, t.locked_until, t.transaction_id, t.revised_id,
       t.other_account, t.pieces,
       (SELECT e.payload FROM decision e WHERE e.tenant_id = :tenant_id
          AND e.position = t.position + 1
          AND e.type = 'Guerdon.Points.Event.PointsWereExplained') AS explained
FROM points_transfer t WHERE t.tenant_id = :tenant_id AND t.position = :position;

-- name: points_transfers_after
-- A page of all transfers, oldest first.
SELECT t.position, t.number, t.transfer_id, t.kind, t.state, t.value, t.issuer, t.comment,
       t.created_at, t.remaining, t.expires_at, t.locked_until, t.transaction_id, t.revised_id,
       t.other_account, t.pieces,
       (SELECT e.payload FROM decision e WHERE e.tenant_id = :tenant_id
          AND e.position = t.position + 1
          AND e.type = 'Guerdon.Points.Event.PointsWereExplained') AS explained
FROM points_transfer t
WHERE t.tenant_id = :tenant_id AND t.position > :after
ORDER BY t.position LIMIT :limit;

-- name: points_transfers_of_kind_before
-- The positions of transfers of a kind and state, newest first.
SELECT position FROM points_transfer
WHERE tenant_id = :tenant_id AND kind = :kind AND state = :state
ORDER BY position DESC LIMIT :limit;

-- name: points_transfers_of_kind_after
-- The positions of transfers of a kind and state, oldest first.
SELECT position FROM points_transfer
WHERE tenant_id = :tenant_id AND kind = :kind AND state = :state
ORDER BY position LIMIT :limit;

-- name: points_transfers_at
-- The transfers made at some positions (a JSON list), in order.
SELECT t.position, t.number, t.transfer_id, t.kind, t.state, t.value, t.issuer, t.comment,
       t.created_at, t.remaining, t.expires_at, t.locked_until, t.transaction_id, t.revised_id,
       t.other_account, t.pieces,
       (SELECT e.payload FROM decision e WHERE e.tenant_id = :tenant_id
          AND e.position = t.position + 1
          AND e.type = 'Guerdon.Points.Event.PointsWereExplained') AS explained
FROM points_transfer t
WHERE t.tenant_id = :tenant_id AND t.position IN (SELECT value FROM json_each(:positions))
ORDER BY t.position;

-- name: points_earned_with
-- What a purchase earned, in transfers that were not canceled.
SELECT CAST(COALESCE(SUM(value), 0) AS BIGINT) FROM points_transfer
WHERE tenant_id = :tenant_id AND transaction_id = :transaction_id AND kind = 'adding'
  AND state <> 'canceled';

-- name: points_revoked_for
-- What returns of a purchase took back.
SELECT CAST(COALESCE(SUM(value), 0) AS BIGINT) FROM points_transfer
WHERE tenant_id = :tenant_id AND revised_id = :revised_id;

-- name: points_movements_at
-- What changed available points at some positions (a JSON list), in order, with the transfer that
-- each is about.
SELECT p.position, p.from_account, p.to_account, p.points, p.recorded_at, t.transfer_id, t.kind,
       t.comment, t.transaction_id
FROM points_posting p
LEFT JOIN points_transfer t ON t.tenant_id = :tenant_id AND t.position = p.about
WHERE p.tenant_id = :tenant_id AND p.position IN (SELECT value FROM json_each(:positions))
  AND (p.from_account = 'available' OR p.to_account = 'available')
  AND p.recorded_at BETWEEN :from_time AND :to_time
ORDER BY p.position, p.leg;

-- name: points_postings
-- Every movement of a tenant, in order; for verification.
SELECT p.position, p.leg, p.number, p.about, p.from_account, p.to_account, p.points
FROM points_posting p WHERE p.tenant_id = :tenant_id ORDER BY p.position, p.leg;

-- name: points_postings_at
-- The movements at some positions (a JSON list), in order; for verification.
SELECT number, position, from_account, to_account, points FROM points_posting
WHERE tenant_id = :tenant_id AND position IN (SELECT value FROM json_each(:positions))
ORDER BY position, leg;

-- name: points_unlocking_at
-- The movement, at one of some positions (a JSON list), by which a transfer was unlocked.
SELECT position FROM points_posting
WHERE tenant_id = :tenant_id AND position IN (SELECT value FROM json_each(:positions))
  AND about = :about AND from_account = 'locked' AND to_account <> 'canceled'
ORDER BY position LIMIT 1;

-- name: points_runs_after
-- Where a run of members' earlier movements are, member by member, in order; for verification.
SELECT number, last_position, moves FROM points_run
WHERE tenant_id = :tenant_id AND (number, last_position) > (:number, :last_position)
  AND number <= :until
ORDER BY number, last_position LIMIT :limit;

-- name: points_left
-- What is left in the lots of a run of members, by state.
SELECT number, state, CAST(SUM(remaining) AS BIGINT) FROM points_transfer
WHERE tenant_id = :tenant_id AND is_open = 1 AND state <> 'expired'
  AND number > :after AND number <= :until
GROUP BY number, state ORDER BY number, state;

-- name: points_blocked
-- What is blocked of a run of members.
SELECT number, CAST(SUM(value) AS BIGINT) FROM points_transfer
WHERE tenant_id = :tenant_id AND kind = 'blocking' AND state = 'active'
  AND number > :after AND number <= :until
GROUP BY number ORDER BY number;

-- name: accounts_after
-- A page of accounts by number.
SELECT number, account_id, available, locked, blocked, debt, earned, spent, expired, received,
       moves
FROM account
WHERE tenant_id = :tenant_id AND number > :after ORDER BY number LIMIT :limit;

-- name: clear_accounts
-- Empty before a rebuild.
DELETE FROM account WHERE tenant_id = :tenant_id;

-- name: clear_points_transfers
-- Empty before a rebuild.
DELETE FROM points_transfer WHERE tenant_id = :tenant_id;

-- name: clear_points_postings
-- Empty before a rebuild.
DELETE FROM points_posting WHERE tenant_id = :tenant_id;

-- name: clear_points_runs
-- Empty before a rebuild.
DELETE FROM points_run WHERE tenant_id = :tenant_id;

-- name: clear_points_counters
-- What the programme's accounts hold is folded again.
DELETE FROM counter WHERE tenant_id = :tenant_id AND name LIKE 'points:%';
