-- The ledger: what each member's account holds, every transfer of points, and the postings that
-- balance it. All of it in hundredths of a point.

-- The sums of a member's postings. `debt` is what a return took beyond what was there; `earned`,
-- `spent` and `expired` only grow, but for what was canceled or given back.
-- distributed
CREATE TABLE account (
    tenant_id  INTEGER NOT NULL,
    number     INTEGER NOT NULL,
    account_id TEXT    NOT NULL,
    available  INTEGER NOT NULL,
    locked     INTEGER NOT NULL,
    blocked    INTEGER NOT NULL,
    debt       INTEGER NOT NULL,
    earned     INTEGER NOT NULL,
    spent      INTEGER NOT NULL,
    expired    INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, number)
) STRICT, WITHOUT ROWID;

-- Points added, spent, sent or blocked: one row each. What came in is a lot: `remaining` is what is
-- left of it. `position` is the decision's, and ends the transfer's uuid, so that no index of uuids
-- is kept. `due_at` is when the clockwork has something to do with a lot.
-- distributed
CREATE TABLE points_transfer (
    tenant_id      INTEGER NOT NULL,
    position       INTEGER NOT NULL,
    number         INTEGER NOT NULL,
    transfer_id    TEXT    NOT NULL,
    kind           TEXT    NOT NULL,
    state          TEXT    NOT NULL,
    value          INTEGER NOT NULL,
    issuer         TEXT    NOT NULL,
    comment        TEXT,
    created_at     INTEGER NOT NULL,
    remaining      INTEGER,
    expires_at     INTEGER,
    locked_until   INTEGER,
    due_at         INTEGER,
    transaction_id TEXT,
    revised_id     TEXT,
    other_account  TEXT,
    pieces         TEXT,
    PRIMARY KEY (tenant_id, position)
) STRICT, WITHOUT ROWID;

-- In each kind and state positions count up, so that new rows go to the end of a few ranges.
CREATE INDEX points_of_kind ON points_transfer (tenant_id, kind, state, position);

CREATE INDEX points_lot_open ON points_transfer (tenant_id, number, expires_at, position)
WHERE remaining > 0;

CREATE INDEX points_lot_due ON points_transfer (tenant_id, due_at, position)
WHERE due_at IS NOT NULL;

CREATE INDEX points_of_transaction ON points_transfer (tenant_id, transaction_id)
WHERE transaction_id IS NOT NULL;

CREATE INDEX points_of_revised ON points_transfer (tenant_id, revised_id)
WHERE revised_id IS NOT NULL;

-- One movement from one account to another; a decision has one, or two when a debt is part of it.
-- `about` is the position of the transfer concerned, 0 when it is all of them.
-- distributed
CREATE TABLE points_posting (
    tenant_id    INTEGER NOT NULL,
    number       INTEGER NOT NULL,
    position     INTEGER NOT NULL,
    leg          INTEGER NOT NULL,
    about        INTEGER NOT NULL,
    from_account TEXT    NOT NULL,
    to_account   TEXT    NOT NULL,
    points       INTEGER NOT NULL,
    recorded_at  INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, number, position, leg)
) STRICT, WITHOUT ROWID;
