"""Pictures' use cases.

The decision that puts a picture into its place has the digest of its content. The content stands
beside the journal, which stays light, for as long as some picture looks like that.
"""

from __future__ import annotations

import hashlib

from guerdon import limits
from guerdon.domain import pictures as decide
from guerdon.engine.commands import Handlers
from guerdon.engine.commands.pictures import RemovePicture, SetPicture
from guerdon.engine.definitions import required
from guerdon.engine.record import record
from guerdon.errors import NotFound, Refused, TooLarge
from guerdon.store import pictures
from guerdon.store.transaction import Transaction


def put(tx: Transaction, command: SetPicture) -> str:
    """See `SetPicture`."""
    tenant_id, kind, owner_id = command.tenant_id, command.kind, command.owner_id
    if kind != decide.PROGRAMME:
        required(tx, tenant_id, kind, owner_id)
    picture = decide.recognised(command.content)
    if len(command.content) > limits.picture_bytes_max:
        message = f"A picture has at most {limits.picture_bytes_max} bytes."
        raise TooLarge(message, field="file")
    if picture is None:
        raise Refused("not an image", code="invalid_image", field="file")
    there = pictures.of(tx.rows, tenant_id, kind, owner_id)
    is_new = command.place not in {each.place for each in there}
    if is_new and len(there) >= limits.pictures_max:
        message = f"There are {limits.pictures_max} pictures already."
        raise TooLarge(message, code="too_many_pictures", field="file")
    picture_id = tx.uuid()
    place = decide.Place(kind, owner_id, command.place or picture_id)
    digest = hashlib.sha256(command.content).hexdigest()
    tx.rows.run("add_picture_file", tenant_id=tenant_id, digest=digest, content=command.content)
    record(tx, tenant_id, decide.put(picture_id, place, picture, command.original_name, digest))
    tx.rows.run("remove_unused_picture_files", tenant_id=tenant_id)
    return picture_id


def remove(tx: Transaction, command: RemovePicture) -> None:
    """See `RemovePicture`."""
    tenant_id, place = command.tenant_id, command.place
    for each in pictures.of(tx.rows, tenant_id, command.kind, command.owner_id):
        if each.place == place:
            gone = decide.Place(command.kind, command.owner_id, place)
            record(tx, tenant_id, decide.removed(each.picture_id, gone))
            tx.rows.run("remove_unused_picture_files", tenant_id=tenant_id)
            return
    raise NotFound(code="no_picture")


HANDLERS: Handlers = {SetPicture: put, RemovePicture: remove}
