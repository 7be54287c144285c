-- Where members stand, and how far a change of definitions has been carried to all of them.

-- `manual_level_id` is the floor somebody set by hand. `window_from` is when the present period of
-- review began, `earned_before` (hundredths) what had been earned in all by then.
-- distributed
CREATE TABLE member_level (
    tenant_id       INTEGER NOT NULL,
    number          INTEGER NOT NULL,
    level_id        TEXT,
    manual_level_id TEXT,
    moved_at        INTEGER NOT NULL,
    window_from     INTEGER NOT NULL,
    earned_before   INTEGER NOT NULL,
    recalculated_at INTEGER,
    PRIMARY KEY (tenant_id, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX member_level_by_level ON member_level (tenant_id, level_id, number);

CREATE INDEX member_level_by_window ON member_level (tenant_id, window_from, number);

-- distributed
CREATE TABLE level_total (
    tenant_id INTEGER NOT NULL,
    level_id  TEXT    NOT NULL,
    members   INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, level_id)
) STRICT, WITHOUT ROWID;

-- A walk over all members because definitions changed. `target` says for which state of them,
-- `number` how far it has come. Progress, not history: a rebuild leaves it alone.
-- distributed
CREATE TABLE sweep (
    tenant_id INTEGER NOT NULL,
    name      TEXT    NOT NULL,
    target    TEXT    NOT NULL,
    number    INTEGER NOT NULL,
    finished  INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, name)
) STRICT, WITHOUT ROWID;
