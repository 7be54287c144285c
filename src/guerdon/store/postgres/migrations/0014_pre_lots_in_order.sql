-- Of lots that end at the same moment, those made together come together: they lie side by side, in
-- the table and in its indexes, so that a page is written once for many of them.
DROP INDEX points_lot_due;

CREATE INDEX points_lot_due ON points_transfer (tenant_id, due_at, position)
WHERE due_at IS NOT NULL;
