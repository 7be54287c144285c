-- What began a member's present period of review: the position of that decision, 0 when it is the
-- first. All that happens in one commit has one moment, so times do not tell which points came before.
ALTER TABLE member_level ADD COLUMN window_position INTEGER NOT NULL DEFAULT 0;

UPDATE member_level SET window_position = began.position
FROM (SELECT tenant_id, number, MAX(position) AS position FROM decision
      WHERE type = 'OpenLoyalty.Domain.User.Event.CustomerLevelWasRecalculated'
      GROUP BY tenant_id, number) AS began
WHERE began.tenant_id = member_level.tenant_id AND began.number = member_level.number
  AND member_level.recalculated_at IS NOT NULL;
