-- name: add_invitation
-- Somebody is invited.
INSERT INTO invitation (tenant_id, position, invitation_id, referrer, recipient, recipient_email,
                        recipient_phone, seal_number, status, token, created_at)
VALUES (:tenant_id, :position, :invitation_id, :referrer, NULL, :recipient_email,
        :recipient_phone, :seal_number, 'invited', :token, :created_at);

-- name: attach_invitation
-- Whoever was invited is a member.
UPDATE invitation SET recipient = :recipient, status = 'registered'
WHERE tenant_id = :tenant_id AND invitation_id = :invitation_id;

-- name: set_invitation_status
-- What became of an invitation.
UPDATE invitation SET status = :status
WHERE tenant_id = :tenant_id AND invitation_id = :invitation_id;

-- name: forget_invitation
-- Whom it was for is not known any more.
UPDATE invitation SET recipient_email = '', recipient_phone = '', seal_number = NULL
WHERE tenant_id = :tenant_id AND invitation_id = :invitation_id;

-- name: remove_invitation_seal
-- The key that kept a recipient's address; only an invitation's own key is ever removed here.
DELETE FROM seal WHERE tenant_id = :tenant_id AND number = :number AND number < 0;

-- name: invitation_by_token
-- The invitation with a token.
SELECT position, invitation_id, referrer, recipient, recipient_email, recipient_phone, seal_number,
       status, token, created_at
FROM invitation WHERE tenant_id = :tenant_id AND token = :token;

-- name: invitations_of_recipient
-- How a member was invited.
SELECT position, invitation_id, referrer, recipient, recipient_email, recipient_phone, seal_number,
       status, token, created_at
FROM invitation WHERE tenant_id = :tenant_id AND recipient = :recipient ORDER BY position;

-- name: invitations_of_referrer
-- A page of whom a member invited.
SELECT position, invitation_id, referrer, recipient, recipient_email, recipient_phone, seal_number,
       status, token, created_at
FROM invitation WHERE tenant_id = :tenant_id AND referrer = :referrer AND position > :after
ORDER BY position LIMIT :limit;

-- name: invitations_after
-- A page of all invitations, in the order they were made.
SELECT position, invitation_id, referrer, recipient, recipient_email, recipient_phone, seal_number,
       status, token, created_at
FROM invitation WHERE tenant_id = :tenant_id AND position > :after
ORDER BY position LIMIT :limit;

-- name: invitations_latest
-- A page of all invitations, the latest first.
SELECT position, invitation_id, referrer, recipient, recipient_email, recipient_phone, seal_number,
       status, token, created_at
FROM invitation WHERE tenant_id = :tenant_id AND position > :after
ORDER BY position DESC LIMIT :limit;

-- name: invited_since
-- How many people a member invited since a moment.
SELECT COUNT(*) FROM invitation
WHERE tenant_id = :tenant_id AND referrer = :referrer AND created_at > :since;

-- name: add_invitation_token
-- A member's own token.
INSERT INTO invitation_token (tenant_id, number, token) VALUES (:tenant_id, :number, :token);

-- name: invitation_token
-- A member's own token.
SELECT token FROM invitation_token WHERE tenant_id = :tenant_id AND number = :number;

-- name: invitation_token_owner
-- Whose token it is.
SELECT number FROM invitation_token WHERE tenant_id = :tenant_id AND token = :token;

-- name: clear_invitations
-- Before they are folded again.
DELETE FROM invitation WHERE tenant_id = :tenant_id;

-- name: clear_invitation_tokens
-- Before they are folded again.
DELETE FROM invitation_token WHERE tenant_id = :tenant_id;
