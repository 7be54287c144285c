"""Pictures: of rewards, levels and earning rules, and the programme's own.

Whoever may see a shop front may see its pictures, so that a page can show them without a token; to
change them is for administrators. They are shown in the size they came in, whatever size is asked.

Errors: 404 for a picture that is not there; InvalidForm for a file that is no picture.
Source: Open Loyalty 4.3, "Reward campaigns", "Levels", "Earning rules", "Settings"; sizes are of
        release 3.2.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from guerdon import limits
from guerdon.dialects.openloyalty.desk import Answer, Endpoint, Visit
from guerdon.domain import pictures as of_pictures
from guerdon.engine.commands.pictures import RemovePicture, SetPicture
from guerdon.errors import NotFound, TooLarge
from guerdon.store import definitions, pictures
from guerdon.store.port import Rows

PHOTO, BRAND_ICON = "photo", "brand_icon"
NAMES = (
    "logo",
    "small-logo",
    "hero-image",
    "admin-cockpit-logo",
    "client-cockpit-logo-big",
    "client-cockpit-logo-small",
    "client-cockpit-hero-image",
)
"""The programme's own pictures."""
_NOTHING = 204
Handler = Callable[[Visit], Awaitable[Answer]]


class Spot(NamedTuple):
    """Where pictures are: of which kind of thing, what for, and how requests name them.

    owner: the path parameter that names whose it is; "" for the programme's.
    place: what for; "" where a path parameter `name` says it.
    form:  the root of the form that brings one.
    """

    kind: str
    owner: str
    place: str
    form: str = "photo"


async def add_photo(visit: Visit) -> Answer:
    """`POST /campaign/{campaign}/photo`: one more; the answer is its id."""
    photo_id = await _put(visit, Spot("Reward", "campaign", ""), "")
    return visit.ok({"photoId": photo_id})


async def show_photo(visit: Visit) -> Answer:
    """`GET /campaign/{campaign}/photo/{photoId}`."""
    return await _shown(visit, "Reward", visit.params["campaign"], visit.params["photoId"])


async def remove_photo(visit: Visit) -> Answer:
    """`DELETE /campaign/{campaign}/photo/{photoId}`."""
    await _remove(visit, "Reward", visit.params["campaign"], visit.params["photoId"])
    return visit.nothing()


def endpoints() -> list[Endpoint]:
    """Everything about pictures."""
    photo = "/campaign/{campaign}/photo"
    do = "REWARD_CAMPAIGN:MODIFY"
    found = [
        Endpoint("POST", photo, add_photo, "admin", do),
        Endpoint("GET", photo + "/{photoId}", show_photo, "anyone"),
        Endpoint("DELETE", photo + "/{photoId}", remove_photo, "admin", do),
    ]
    icon = Spot("Reward", "campaign", BRAND_ICON, BRAND_ICON)
    found += _of_spot("/campaign/{campaign}/brand_icon", icon, do, changed=_NOTHING)
    found += _of_spot("/level/{level}/photo", Spot("Level", "level", PHOTO), "LEVEL:MODIFY")
    rule = Spot("Rule", "earningRule", PHOTO)
    found += _of_spot("/earningRule/{earningRule}/photo", rule, "EARNING_RULE:MODIFY")
    for path, name in {"/photo/{name}": "", **{f"/{each}": each for each in NAMES[:3]}}.items():
        spot = Spot(of_pictures.PROGRAMME, "", name)
        found += _of_spot("/settings" + path, spot, "SETTINGS:MODIFY")
        found.append(Endpoint("GET", f"/settings{path}/{{size}}", _show(spot), "anyone"))
    return found


def shown(picture: pictures.Picture) -> dict[str, str]:
    """A reward's photo in the answers about rewards, spelled as documented."""
    return {
        "photoId": picture.picture_id,
        "path": picture.path,
        "orginalName": picture.original_name,
        "mimeType": picture.mime,
    }


def of_programme(rows: Rows, tenant_id: int) -> dict[str, Any]:
    """The programme's own pictures in the answers about settings, by their names."""
    found = pictures.of(rows, tenant_id, of_pictures.PROGRAMME, "")
    return {each.place: {"path": each.path, "mime": each.mime, "sizes": []} for each in found}


def _of_spot(path: str, spot: Spot, permission: str, *, changed: int = 200) -> list[Endpoint]:
    return [
        Endpoint("GET", path, _show(spot), "anyone"),
        Endpoint("POST", path, _put_at(spot, changed), "admin", permission),
        Endpoint("DELETE", path, _remove_at(spot, changed), "admin", permission),
    ]


def _show(spot: Spot) -> Handler:
    async def show(visit: Visit) -> Answer:
        return await _shown(visit, spot.kind, *_named(visit, spot))

    return show


def _put_at(spot: Spot, changed: int) -> Handler:
    async def put(visit: Visit) -> Answer:
        _, place = _named(visit, spot)
        await _put(visit, spot, place)
        return visit.nothing() if changed == _NOTHING else visit.ok()

    return put


def _remove_at(spot: Spot, changed: int) -> Handler:
    async def remove(visit: Visit) -> Answer:
        await _remove(visit, spot.kind, *_named(visit, spot))
        return visit.nothing() if changed == _NOTHING else visit.ok()

    return remove


def _named(visit: Visit, spot: Spot) -> tuple[str, str]:
    """Whose picture a request is about, and what for. Errors: NotFound `no_picture`."""
    place = spot.place or visit.params["name"]
    if not spot.owner and place not in NAMES:
        raise NotFound(code="no_picture")
    return visit.params[spot.owner] if spot.owner else "", place


async def _shown(visit: Visit, kind: str, owner_id: str, place: str) -> Answer:
    asked = (visit.tenant_id, kind, owner_id.lower(), place.lower())
    found = await visit.read(lambda rows: pictures.content(rows, *asked))
    return visit.sent(*found) if found else visit.missing()


async def _put(visit: Visit, spot: Spot, place: str) -> str:
    owner_id = visit.params[spot.owner].lower() if spot.owner else ""
    if spot.owner:
        await visit.read(lambda rows: _require(rows, visit, spot.kind, owner_id))
    form = await visit.form(spot.form)
    file = form.file("file")
    if file is not None and len(file.content) > limits.picture_bytes_max:
        form.fail("file", f"The file is too large. Allowed are {limits.picture_bytes_max} bytes.")
    elif file is not None and of_pictures.recognised(file.content) is None:
        form.fail("file", "This file is not a valid image.")
    form.check()
    content, name = (file.content, file.name) if file else (b"", "")
    command = SetPicture(
        visit.tenant_id, visit.key_id, spot.kind, owner_id, place, content, name, visit.actor
    )
    try:
        return str(await visit.execute(command))
    except TooLarge as refused:
        form.fail("file", refused.message)
        form.check()
        raise


async def _remove(visit: Visit, kind: str, owner_id: str, place: str) -> None:
    command = RemovePicture(
        visit.tenant_id, visit.key_id, kind, owner_id.lower(), place.lower(), visit.actor
    )
    await visit.execute(command)


def _require(rows: Rows, visit: Visit, kind: str, definition_id: str) -> None:
    if definitions.get(rows, visit.tenant_id, kind, definition_id) is None:
        raise NotFound(code="unknown_definition")
