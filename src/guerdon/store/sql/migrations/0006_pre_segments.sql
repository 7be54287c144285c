-- Who belongs to which segment, and when to look again.

-- `purchases` and `gross` (1/10,000) are what the member had bought when last counted: what
-- `segment_total` holds of them.
-- distributed
CREATE TABLE segment_member (
    tenant_id  INTEGER NOT NULL,
    segment_id TEXT    NOT NULL,
    number     INTEGER NOT NULL,
    added_at   INTEGER NOT NULL,
    purchases  INTEGER NOT NULL,
    gross      INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, segment_id, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX segment_member_by_member ON segment_member (tenant_id, number);

-- distributed
CREATE TABLE segment_total (
    tenant_id  INTEGER NOT NULL,
    segment_id TEXT    NOT NULL,
    members    INTEGER NOT NULL,
    purchases  INTEGER NOT NULL,
    gross      INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, segment_id)
) STRICT, WITHOUT ROWID;

-- When time alone may change a member's segments. A plan, not history: a rebuild leaves it alone.
-- distributed
CREATE TABLE segment_review (
    tenant_id INTEGER NOT NULL,
    number    INTEGER NOT NULL,
    due_at    INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX segment_review_due ON segment_review (tenant_id, due_at, number);
