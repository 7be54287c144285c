-- name: append_activity
-- One row of the activity journal.
INSERT INTO activity (tenant_id, position, type_id, number, occurred_at, recorded_at, key_id, data)
VALUES (:tenant_id, :position, :type_id, :number, :occurred_at, :recorded_at, :key_id, :data);

-- name: activities_after
-- A page by position; ranges being deleted are not shown.
SELECT a.position, a.type_id, a.number, a.occurred_at, a.recorded_at, a.key_id,
       CASE WHEN EXISTS (SELECT 1 FROM erasure f WHERE f.tenant_id = :tenant_id
                         AND f.number = a.number AND f.finished_at IS NULL)
            THEN NULL ELSE a.data END
FROM activity a
WHERE a.tenant_id = :tenant_id AND a.position > :after AND a.position <= :until
  AND NOT EXISTS (SELECT 1 FROM activity_deletion d
                  WHERE d.tenant_id = :tenant_id AND d.finished_at IS NULL
                    AND d.type_id = a.type_id AND a.position <= d.position_max
                    AND a.occurred_at BETWEEN d.occurred_from AND d.occurred_to)
ORDER BY a.position LIMIT :limit OFFSET :offset;

-- name: activities_of_type_after
-- A page by position of one type, within a bounded range of positions.
SELECT a.position, a.type_id, a.number, a.occurred_at, a.recorded_at, a.key_id,
       CASE WHEN EXISTS (SELECT 1 FROM erasure f WHERE f.tenant_id = :tenant_id
                         AND f.number = a.number AND f.finished_at IS NULL)
            THEN NULL ELSE a.data END
FROM activity a
WHERE a.tenant_id = :tenant_id AND a.position > :after AND a.position <= :until
  AND a.type_id = :type_id
  AND NOT EXISTS (SELECT 1 FROM activity_deletion d
                  WHERE d.tenant_id = :tenant_id AND d.finished_at IS NULL
                    AND d.type_id = a.type_id AND a.position <= d.position_max
                    AND a.occurred_at BETWEEN d.occurred_from AND d.occurred_to)
ORDER BY a.position LIMIT :limit OFFSET :offset;

-- name: activity
-- One activity by position.
SELECT a.position, a.type_id, a.number, a.occurred_at, a.recorded_at, a.key_id,
       CASE WHEN EXISTS (SELECT 1 FROM erasure f WHERE f.tenant_id = :tenant_id
                         AND f.number = a.number AND f.finished_at IS NULL)
            THEN NULL ELSE a.data END
FROM activity a
WHERE a.tenant_id = :tenant_id AND a.position = :position
  AND NOT EXISTS (SELECT 1 FROM activity_deletion d
                  WHERE d.tenant_id = :tenant_id AND d.finished_at IS NULL
                    AND d.type_id = a.type_id AND a.position <= d.position_max
                    AND a.occurred_at BETWEEN d.occurred_from AND d.occurred_to);

-- name: activities_at
-- The activities at some positions (a JSON list); those that are gone are left out.
SELECT a.position, a.type_id, a.number, a.occurred_at, a.recorded_at, a.key_id,
       CASE WHEN EXISTS (SELECT 1 FROM erasure f WHERE f.tenant_id = :tenant_id
                         AND f.number = a.number AND f.finished_at IS NULL)
            THEN NULL ELSE a.data END
FROM activity a
WHERE a.tenant_id = :tenant_id AND a.position IN (SELECT value FROM json_each(:positions))
  AND NOT EXISTS (SELECT 1 FROM activity_deletion d
                  WHERE d.tenant_id = :tenant_id AND d.finished_at IS NULL
                    AND d.type_id = a.type_id AND a.position <= d.position_max
                    AND a.occurred_at BETWEEN d.occurred_from AND d.occurred_to)
ORDER BY a.position;

-- name: latest_activity_at
-- The latest by its date of the activities at some positions (a JSON list).
SELECT a.position, a.type_id, a.number, a.occurred_at, a.recorded_at, a.key_id,
       CASE WHEN EXISTS (SELECT 1 FROM erasure f WHERE f.tenant_id = :tenant_id
                         AND f.number = a.number AND f.finished_at IS NULL)
            THEN NULL ELSE a.data END
FROM activity a
WHERE a.tenant_id = :tenant_id AND a.position IN (SELECT value FROM json_each(:positions))
  AND NOT EXISTS (SELECT 1 FROM activity_deletion d
                  WHERE d.tenant_id = :tenant_id AND d.finished_at IS NULL
                    AND d.type_id = a.type_id AND a.position <= d.position_max
                    AND a.occurred_at BETWEEN d.occurred_from AND d.occurred_to)
ORDER BY a.occurred_at DESC, a.position DESC LIMIT 1;

-- name: postings
-- The packed entries of a bucket of members, as far as the follower has come.
SELECT p.entries FROM activity_posting p
WHERE p.tenant_id = :tenant_id AND p.bucket = :bucket AND p.last_position <= :indexed;

-- name: tail_of_member
-- A member's positions that are not packed yet.
SELECT t.position FROM activity t
WHERE t.tenant_id = :tenant_id AND t.position > :indexed AND t.number = :number
ORDER BY t.position;

-- name: tail_of_member_and_type
-- The same, of one type.
SELECT t.position FROM activity t
WHERE t.tenant_id = :tenant_id AND t.position > :indexed AND t.number = :number
  AND t.type_id = :type_id
ORDER BY t.position;

-- name: blocks_by_time
-- The blocks in which a type's activities may fall into a span of time, earliest first.
SELECT b.block, b.occurred_min FROM activity_block b
WHERE b.tenant_id = :tenant_id AND b.type_id = :type_id AND b.live > 0
  AND b.occurred_max >= :after_time AND b.occurred_min <= :until_time
ORDER BY b.occurred_min, b.block;

-- name: activities_by_time
-- A type's activities in a run of positions by (occurred_at, position), from just after a pair.
SELECT a.position, a.type_id, a.number, a.occurred_at, a.recorded_at, a.key_id,
       CASE WHEN EXISTS (SELECT 1 FROM erasure f WHERE f.tenant_id = :tenant_id
                         AND f.number = a.number AND f.finished_at IS NULL)
            THEN NULL ELSE a.data END
FROM activity a
WHERE a.tenant_id = :tenant_id AND a.position > :after_position AND a.position <= :until
  AND a.type_id = :type_id AND (a.occurred_at, a.position) > (:after_time, :after)
  AND a.occurred_at <= :until_time
  AND NOT EXISTS (SELECT 1 FROM activity_deletion d
                  WHERE d.tenant_id = :tenant_id AND d.finished_at IS NULL
                    AND d.type_id = a.type_id AND a.position <= d.position_max
                    AND a.occurred_at BETWEEN d.occurred_from AND d.occurred_to)
ORDER BY a.occurred_at, a.position LIMIT :limit;

-- name: source_position
-- Where a sender's own event id was stored.
SELECT position FROM activity_source
WHERE tenant_id = :tenant_id AND source = :source AND event_id = :event_id;

-- name: add_source
-- Remember a sender's own event id for good.
INSERT INTO activity_source (tenant_id, source, event_id, position)
VALUES (:tenant_id, :source, :event_id, :position);

-- name: block_of_page
-- The first block in which the running count of a type passes an offset, and the count before it.
SELECT block, running - live FROM (
    SELECT block, live, CAST(SUM(live) OVER (ORDER BY block) AS BIGINT) AS running
    FROM activity_block WHERE tenant_id = :tenant_id AND type_id = :type_id
) b WHERE running > :offset ORDER BY block LIMIT 1;

-- name: next_blocks
-- Blocks of a type that hold anything, from one on.
SELECT block FROM activity_block
WHERE tenant_id = :tenant_id AND type_id = :type_id AND block > :block AND live > 0
ORDER BY block LIMIT :limit;

-- name: live_in_blocks
-- How many live activities of a type the blocks count.
SELECT CAST(COALESCE(SUM(live), 0) AS BIGINT) FROM activity_block
WHERE tenant_id = :tenant_id AND type_id = :type_id;

-- name: rows_to_pack
-- What the follower reads of a block.
SELECT number, position, type_id, occurred_at FROM activity
WHERE tenant_id = :tenant_id AND position > :after AND position <= :until
ORDER BY position;

-- name: add_posting
-- One bucket's packed entries.
INSERT INTO activity_posting (tenant_id, bucket, level, last_position, entries)
VALUES (:tenant_id, :bucket, :level, :last_position, :entries);

-- name: remove_unfinished_postings
-- What a batch that was cut short left behind.
DELETE FROM activity_posting WHERE tenant_id = :tenant_id AND last_position > :indexed;

-- name: crowded_buckets
-- Buckets with so many packs of one level that they are worth merging.
SELECT bucket, level FROM activity_posting
WHERE tenant_id = :tenant_id
GROUP BY bucket, level HAVING COUNT(*) >= :packs ORDER BY bucket, level;

-- name: postings_of_level
-- The packs of one bucket and level.
SELECT last_position, entries FROM activity_posting
WHERE tenant_id = :tenant_id AND bucket = :bucket AND level = :level
  AND last_position <= :indexed
ORDER BY last_position;

-- name: remove_postings_of_level
-- They have been merged.
DELETE FROM activity_posting
WHERE tenant_id = :tenant_id AND bucket = :bucket AND level = :level
  AND last_position <= :last_position;

-- name: add_block
-- A block is complete: what it holds of a type.
INSERT INTO activity_block (tenant_id, type_id, block, live, occurred_min, occurred_max)
VALUES (:tenant_id, :type_id, :block, :live, :occurred_min, :occurred_max);

-- name: add_to_block
-- More or fewer live activities of a type in a block.
UPDATE activity_block SET live = live + :live
WHERE tenant_id = :tenant_id AND type_id = :type_id AND block = :block;

-- name: add_deletion
-- Hide a range of one type; its rows go bit by bit.
INSERT INTO activity_deletion (tenant_id, deletion_id, type_id, occurred_from, occurred_to,
                               position_max, key_id, notify_to, requested_at, deleted, removed_to)
VALUES (:tenant_id, :deletion_id, :type_id, :occurred_from, :occurred_to,
        :position_max, :key_id, :notify_to, :requested_at, :deleted, 0);

-- name: open_deletions
-- Deletions whose rows are not all gone.
SELECT deletion_id, type_id, occurred_from, occurred_to, position_max, key_id, notify_to, deleted,
       removed_to
FROM activity_deletion
WHERE tenant_id = :tenant_id AND finished_at IS NULL ORDER BY deletion_id;

-- name: newest_deletion
-- The last deletion asked for.
SELECT MAX(deletion_id) FROM activity_deletion WHERE tenant_id = :tenant_id;

-- name: finish_deletion
-- The last row of a range is gone.
UPDATE activity_deletion SET finished_at = :finished_at
WHERE tenant_id = :tenant_id AND deletion_id = :deletion_id AND finished_at IS NULL;

-- name: range_by_block
-- How many activities of a range each block holds, leaving out those other open deletions hold.
SELECT b.block, COUNT(*) FROM activity_block b
JOIN activity a ON a.tenant_id = b.tenant_id
  AND a.position > b.block * :block_positions AND a.position <= (b.block + 1) * :block_positions
WHERE b.tenant_id = :tenant_id AND b.type_id = :type_id AND b.live > 0
  AND b.occurred_max >= :occurred_from AND b.occurred_min <= :occurred_to
  AND b.block >= :from_block
  AND a.type_id = :type_id AND a.occurred_at BETWEEN :occurred_from AND :occurred_to
  AND NOT EXISTS (SELECT 1 FROM activity_deletion d
                  WHERE d.tenant_id = :tenant_id AND d.finished_at IS NULL
                    AND d.type_id = a.type_id AND a.position <= d.position_max
                    AND a.occurred_at BETWEEN d.occurred_from AND d.occurred_to)
GROUP BY b.block ORDER BY b.block;

-- name: range_in_tail
-- The same for rows not sorted yet: only how many.
SELECT COUNT(*) FROM activity a
WHERE a.tenant_id = :tenant_id AND a.type_id = :type_id
  AND a.occurred_at BETWEEN :occurred_from AND :occurred_to
  AND a.position > :after AND a.position <= :until
  AND NOT EXISTS (SELECT 1 FROM activity_deletion d
                  WHERE d.tenant_id = :tenant_id AND d.finished_at IS NULL
                    AND d.type_id = a.type_id AND a.position <= d.position_max
                    AND a.occurred_at BETWEEN d.occurred_from AND d.occurred_to);

-- name: next_block_in_span
-- The next block that may hold activities of a range.
SELECT block FROM activity_block
WHERE tenant_id = :tenant_id AND type_id = :type_id AND block >= :block
  AND occurred_max >= :occurred_from AND occurred_min <= :occurred_to
ORDER BY block LIMIT 1;

-- name: remove_range
-- A range's rows within a run of positions, gone for good.
DELETE FROM activity
WHERE tenant_id = :tenant_id AND position > :after AND position <= :until
  AND type_id = :type_id AND occurred_at BETWEEN :occurred_from AND :occurred_to;

-- name: move_deletion
-- How far the removal has come.
UPDATE activity_deletion SET removed_to = :removed_to
WHERE tenant_id = :tenant_id AND deletion_id = :deletion_id;

-- name: clear_postings
-- Empty before the journal is packed anew.
DELETE FROM activity_posting WHERE tenant_id = :tenant_id;

-- name: clear_blocks
-- Empty before the journal is packed anew.
DELETE FROM activity_block WHERE tenant_id = :tenant_id;

-- name: reset_follower
-- Send a follower back to the start of its journal; without its checkpoint no batch that is under
-- way can end.
DELETE FROM follower WHERE tenant_id = :tenant_id AND name = :name;
