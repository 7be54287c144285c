-- Postings lie in the order of positions: by member, each was written to a page of its own. Where a
-- member's are is kept with the account, which changes anyway: up to eight positions of thirteen
-- digits, zeros before them. When there are eight, the next one puts them away as a run.

-- The positions of the account's latest movements, oldest first. Its length never changes, so that
-- no account has to make room for another.
ALTER TABLE account ADD COLUMN moves TEXT NOT NULL DEFAULT
    '00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000';

-- Eight positions of movements before those.
-- distributed
CREATE TABLE points_run (
    tenant_id     INTEGER NOT NULL,
    number        INTEGER NOT NULL,
    last_position INTEGER NOT NULL,
    moves         TEXT    NOT NULL,
    PRIMARY KEY (tenant_id, number, last_position)
) STRICT, WITHOUT ROWID;

INSERT INTO points_run (tenant_id, number, last_position, moves)
WITH placed AS (
    SELECT tenant_id, number, position,
           (ROW_NUMBER() OVER (PARTITION BY tenant_id, number ORDER BY position) - 1) / 8 AS run
    FROM points_posting WHERE leg = 0
)
SELECT tenant_id, number, MAX(position),
       STRING_AGG(SUBSTR('0000000000000' || position, LENGTH(position || '') + 1), ''
                  ORDER BY position)
FROM placed GROUP BY tenant_id, number, run;

-- The last of them is the account's own.
UPDATE account
SET moves = COALESCE((
    SELECT SUBSTR(account.moves || r.moves, LENGTH(r.moves) + 1) FROM points_run r
    WHERE r.tenant_id = account.tenant_id AND r.number = account.number
    ORDER BY r.last_position DESC LIMIT 1), moves);

DELETE FROM points_run
WHERE last_position = (
    SELECT MAX(r.last_position) FROM points_run r
    WHERE r.tenant_id = points_run.tenant_id AND r.number = points_run.number);

-- What other members sent, so that nobody has to add it up.
ALTER TABLE account ADD COLUMN received INTEGER NOT NULL DEFAULT 0;

UPDATE account SET received = sent.points
FROM (SELECT tenant_id, number, SUM(value) AS points FROM points_transfer
      WHERE kind = 'p2p_adding' GROUP BY tenant_id, number) AS sent
WHERE sent.tenant_id = account.tenant_id AND sent.number = account.number;

ALTER TABLE points_posting RENAME TO points_posting_by_member;

-- One movement from one account to another; a decision has one, or two when a debt is part of it.
-- `about` is the position of the transfer concerned, 0 when it is all of them.
-- distributed
CREATE TABLE points_posting (
    tenant_id    INTEGER NOT NULL,
    position     INTEGER NOT NULL,
    leg          INTEGER NOT NULL,
    number       INTEGER NOT NULL,
    about        INTEGER NOT NULL,
    from_account TEXT    NOT NULL,
    to_account   TEXT    NOT NULL,
    points       INTEGER NOT NULL,
    recorded_at  INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, position, leg)
) STRICT, WITHOUT ROWID;

INSERT INTO points_posting (tenant_id, position, leg, number, about, from_account, to_account,
                            points, recorded_at)
SELECT tenant_id, position, leg, number, about, from_account, to_account, points, recorded_at
FROM points_posting_by_member ORDER BY tenant_id, position, leg;

DROP TABLE points_posting_by_member;
