-- name: pictures_of_kind
-- Every picture of everything of a kind, without its content, in the order they came.
SELECT owner_id, place, picture_id, path, original_name, mime
FROM picture WHERE tenant_id = :tenant_id AND kind = :kind
ORDER BY ordinal;

-- name: pictures_of
-- The pictures of one thing, without their content, in the order they came.
SELECT owner_id, place, picture_id, path, original_name, mime
FROM picture WHERE tenant_id = :tenant_id AND kind = :kind AND owner_id = :owner_id
ORDER BY ordinal;

-- name: picture_content
-- One picture itself, and what it is.
SELECT mime, content FROM picture
WHERE tenant_id = :tenant_id AND kind = :kind AND owner_id = :owner_id AND place = :place;

-- name: set_picture
-- A picture comes, or takes the place of another.
INSERT INTO picture (tenant_id, kind, owner_id, place, ordinal, picture_id, path, original_name,
                     mime, content)
VALUES (:tenant_id, :kind, :owner_id, :place, :ordinal, :picture_id, :path, :original_name, :mime,
        :content)
ON CONFLICT (tenant_id, kind, owner_id, place) DO UPDATE
SET ordinal = excluded.ordinal, picture_id = excluded.picture_id, path = excluded.path,
    original_name = excluded.original_name, mime = excluded.mime, content = excluded.content;

-- name: remove_picture
-- A picture goes.
DELETE FROM picture
WHERE tenant_id = :tenant_id AND kind = :kind AND owner_id = :owner_id AND place = :place;

-- name: remove_pictures_of
-- All pictures of something that is gone.
DELETE FROM picture WHERE tenant_id = :tenant_id AND kind = :kind AND owner_id = :owner_id;

-- name: clear_pictures
-- Empty before a rebuild.
DELETE FROM picture WHERE tenant_id = :tenant_id;
