-- What the planner is told about the tables, in place of what it would guess.
--
-- Without statistics it takes the first column of an index to single out ten rows. Here that is the
-- tenant, so it would walk over all of a tenant's rows rather than use a second index. ANALYZE would
-- count what there is: in a new database nothing, and later something else in each. So every database
-- is told the same: tables are large, a tenant is half of one, each further column of an index singles
-- out more, and an index of some rows only holds few. A migration that adds an index tells it anew.
-- Source: sqlite.org/fileformat2.html, 2.6.3, "The sqlite_stat1 table".

-- Makes the table of statistics; what it counts is a row for each migration.
ANALYZE schema_migration;

DELETE FROM sqlite_stat1;

INSERT INTO sqlite_stat1 (tbl, idx, stat)
WITH known AS (
    SELECT t.name AS tbl, i.name AS idx, i.origin, i."unique" AS is_unique,
           CASE i.partial WHEN 1 THEN 1000 ELSE 1000000 END AS total,
           (SELECT MAX(c.seqno) FROM pragma_index_info(i.name) c) AS last_place,
           (SELECT c.name = 'tenant_id' FROM pragma_index_info(i.name) c
            WHERE c.seqno = 0) AS begins_with_tenant
    FROM pragma_table_list t, pragma_index_list(t.name) i
    WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'
), alike AS (
    SELECT k.*, c.seqno AS place,
           CASE WHEN c.seqno = 0 AND k.begins_with_tenant THEN k.total / 2
                WHEN c.seqno = k.last_place AND k.is_unique THEN 1
                ELSE MAX(k.total / 1000 / CASE c.seqno - k.begins_with_tenant
                                              WHEN 0 THEN 1 WHEN 1 THEN 10 ELSE 100 END, 1)
           END AS found
    FROM known k, pragma_index_info(k.idx) c
)
SELECT tbl, CASE origin WHEN 'pk' THEN tbl ELSE idx END,
       total || ' ' || group_concat(found, ' ' ORDER BY place)
FROM alike GROUP BY tbl, idx;
