-- Where the decisions of a type stand in a block of 512 positions: `places` is a JSON list of numbers
-- from 0 on, `first_ordinal` the place of the first one among its type. Written when a block is full,
-- in place of an index that every decision would have to be entered in.
-- distributed
CREATE TABLE decision_block (
    tenant_id     INTEGER NOT NULL,
    type          TEXT    NOT NULL,
    block         INTEGER NOT NULL,
    first_ordinal INTEGER NOT NULL,
    places        TEXT    NOT NULL,
    PRIMARY KEY (tenant_id, type, block)
) STRICT, WITHOUT ROWID;

INSERT INTO decision_block (tenant_id, type, block, first_ordinal, places)
SELECT d.tenant_id, d.type, d.position / 512, MIN(d.ordinal),
       '[' || string_agg(CAST(d.position % 512 AS VARCHAR), ',' ORDER BY d.position) || ']'
FROM decision d
JOIN head h ON h.tenant_id = d.tenant_id
WHERE d.position < (h.decision_position + 1) / 512 * 512
GROUP BY d.tenant_id, d.type, d.position / 512;

-- By what has been written down, and not by the head, which may have moved on meanwhile.
INSERT INTO follower (tenant_id, name, position)
SELECT tenant_id, 'decision_blocks', (MAX(block) + 1) * 512 FROM decision_block GROUP BY tenant_id;

-- What the planner is told about it: see 0014.
INSERT INTO sqlite_stat1 (tbl, idx, stat)
VALUES ('decision_block', 'decision_block', '1000000 500000 1000 1');
