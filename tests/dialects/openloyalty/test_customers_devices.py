"""Pictures and devices of customers."""

import base64

import pytest

from dialects.openloyalty import crowd
from dialects.openloyalty.crowd import enrol, errors, get, level, post
from dialects.openloyalty.till import customer
from guerdon import limits

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
WEBP = b"RIFF\x00\x00\x00\x00WEBPVP8 "
BOUNDARY = "boundary7"


@pytest.fixture
def admin(house):
    level(house)
    return crowd.permanent(house)


def upload(house, path, content, headers, name="avatar.png"):
    head = f'Content-Disposition: form-data; name="avatar[file]"; filename="{name}"\r\n\r\n'
    body = f"--{BOUNDARY}\r\n{head}".encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()
    kind = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
    return house.call("POST", "/api" + path, headers={**headers, **kind}, body=body)


def test_a_picture_is_set_shown_replaced_and_removed(house, admin):
    member_id = enrol(house, admin)
    me = customer(house, member_id)
    path = f"/DEFAULT/customer/{member_id}/avatar"
    assert house.call("GET", "/api" + path, headers=me).status == 404
    for content, mime in ((PNG, "image/png"), (WEBP, "image/webp")):
        assert upload(house, path, content, me).status == 204
        shown = house.call("GET", "/api" + path, headers=admin)
        assert (shown.status, shown.body) == (200, content)
        assert shown.headers["content-type"] == mime
        assert shown.headers["x-content-type-options"] == "nosniff"
    assert house.call("DELETE", "/api" + path, headers=me).status == 204
    assert house.call("DELETE", "/api" + path, headers=me).status == 404
    assert house.call("GET", "/api" + path, headers=me).status == 404
    found = crowd.decided(house, admin, "OpenLoyalty.Domain.User.Event.CustomerAvatar*")
    who = {"customerId": member_id}
    assert [name for name, _, _ in found] == ["CustomerAvatarWasSet"] * 2 + [
        "CustomerAvatarWasRemoved"
    ]
    payload = found[0][2]
    assert payload == {
        "customerId": who,
        "path": payload["path"],
        "originalName": "avatar.png",
        "mime": "image/png",
    }
    assert found[2][2] == {"customerId": who}
    journal = str(crowd.decided(house, admin))
    assert base64.b64encode(PNG).decode()[:40] not in journal


def test_only_a_small_picture_is_taken(house, admin):
    member_id = enrol(house, admin)
    path = f"/customer/{member_id}/avatar"
    before = len(crowd.decided(house, admin))
    large = PNG + bytes(limits.avatar_bytes_max)
    for content in (b"<svg onload=alert(1)>", b"", b"GIF8", large):
        assert set(errors(upload(house, path, content, admin, "x.png"))) == {"file"}
    assert set(errors(post(house, path, ["avatar[x]=1"], admin))) == {"file"}
    assert len(crowd.decided(house, admin)) == before


def test_devices_are_added_once_listed_and_removed(house, admin):
    member_id = enrol(house, admin)
    me = customer(house, member_id)
    path = f"/DEFAULT/customer/{member_id}/pushy-token"
    assert get(house, path, me) == {"tokens": [], "total": 0}
    for _ in range(2):
        assert post(house, path, ["customer[pushyToken]=pushy_token"], me).status == 204
    assert get(house, path, admin) == {"tokens": ["pushy_token"], "total": 1}
    assert set(errors(post(house, path, ["customer[pushyToken]="], me))) == {"pushyToken"}
    remove = f"/api{path}/pushy_token"
    assert house.call("DELETE", remove, headers=me).status == 204
    assert house.call("DELETE", remove, headers=me).status == 404
    for at in range(limits.push_tokens_max):
        assert post(house, path, [f"customer[pushyToken]=t{at}"], me).status == 204
    assert set(errors(post(house, path, ["customer[pushyToken]=more"], me))) == {"pushyToken"}
