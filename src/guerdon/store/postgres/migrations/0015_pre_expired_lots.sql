-- A lot whose time has passed stays open, so that its place among the member's lots is not written to
-- when it expires: who looks for lots begins after it. Those that were emptied at once, by a reset,
-- are closed as before; what expired of them is in a posting about none of them.
UPDATE points_transfer SET is_open = 1
WHERE state = 'expired' AND (tenant_id, position) IN (
    SELECT tenant_id, about FROM points_posting WHERE to_account = 'expired' AND about > 0);
