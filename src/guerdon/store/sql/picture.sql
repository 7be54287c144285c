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
SELECT p.mime, f.content FROM picture p
JOIN picture_file f ON f.tenant_id = :tenant_id AND f.digest = p.digest
WHERE p.tenant_id = :tenant_id AND p.kind = :kind AND p.owner_id = :owner_id
  AND p.place = :place;

-- name: add_picture_file
-- What a picture looks like, once for all that look the same.
INSERT INTO picture_file (tenant_id, digest, content) VALUES (:tenant_id, :digest, :content)
ON CONFLICT (tenant_id, digest) DO NOTHING;

-- name: remove_unused_picture_files
-- What no picture looks like any more.
DELETE FROM picture_file
WHERE tenant_id = :tenant_id AND NOT EXISTS (
    SELECT 1 FROM picture p WHERE p.tenant_id = :tenant_id AND p.digest = picture_file.digest
);

-- name: set_picture
-- A picture comes, or takes the place of another.
INSERT INTO picture (tenant_id, kind, owner_id, place, ordinal, picture_id, path, original_name,
                     mime, digest)
VALUES (:tenant_id, :kind, :owner_id, :place, :ordinal, :picture_id, :path, :original_name, :mime,
        :digest)
ON CONFLICT (tenant_id, kind, owner_id, place) DO UPDATE
SET ordinal = excluded.ordinal, picture_id = excluded.picture_id, path = excluded.path,
    original_name = excluded.original_name, mime = excluded.mime, digest = excluded.digest;

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
