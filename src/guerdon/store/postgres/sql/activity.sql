-- name: append_activity
-- Rows of the activity journal, column by column; a large batch takes the same columns by COPY.
INSERT INTO activity (tenant_id, position, type_id, number, occurred_at, recorded_at, key_id, data)
SELECT * FROM unnest(:tenant_id::bigint[], :position::bigint[], :type_id::bigint[],
                     :number::bigint[], :occurred_at::bigint[], :recorded_at::bigint[],
                     :key_id::bigint[], :data::text[]);
