-- Of lots that end at the same moment, those made together come together: they lie side by side, in
-- the table and in its indexes, so that a page is written once for many of them.
DROP INDEX points_lot_due;

CREATE INDEX points_lot_due ON points_transfer (tenant_id, due_at, position)
WHERE due_at IS NOT NULL;

-- What the planner is told about it went with the old one: see 0014.
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('points_transfer', 'points_lot_due', '1000 500 1 1');
