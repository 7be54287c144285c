-- Forgetting members: which of them, and how far what names them has been sought out.

-- A row is written in the transaction that destroys the member's key. `words` (a JSON list) are what
-- the member was called, kept only until everything was searched for them. Progress, not history:
-- a rebuild leaves it alone.
-- distributed
CREATE TABLE erasure (
    tenant_id    INTEGER NOT NULL,
    number       INTEGER NOT NULL,
    requested_at INTEGER NOT NULL,
    position_max INTEGER NOT NULL,
    words        TEXT    NOT NULL,
    phase        INTEGER NOT NULL,
    reached      INTEGER NOT NULL,
    finished_at  INTEGER,
    PRIMARY KEY (tenant_id, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX erasure_open ON erasure (tenant_id, number) WHERE finished_at IS NULL;

-- What members were called before, so that it can be sought out as well when they are forgotten.
-- distributed
CREATE TABLE former_identity (
    tenant_id INTEGER NOT NULL,
    number    INTEGER NOT NULL,
    kind      TEXT    NOT NULL,
    value     TEXT    NOT NULL,
    PRIMARY KEY (tenant_id, number, kind, value)
) STRICT, WITHOUT ROWID;

CREATE INDEX delivery_of_member ON delivery (tenant_id, number) WHERE number IS NOT NULL;

CREATE INDEX delivery_to_target ON delivery (tenant_id, target);

-- What never found its member, for who looks through all of it.
CREATE INDEX purchase_of_nobody ON purchase (tenant_id, position) WHERE number = 0;

CREATE INDEX invitation_of_nobody ON invitation (tenant_id, position) WHERE recipient IS NULL;
