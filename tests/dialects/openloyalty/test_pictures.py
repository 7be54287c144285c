"""Pictures as documented: of rewards, levels, earning rules and the programme itself."""

import hashlib

import pytest

from dialects.openloyalty.counter import Counter
from dialects.openloyalty.till import decided, permanent
from guerdon import limits
from guerdon.engine import commands

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
GIF = b"GIF89a" + bytes(40)
NOBODY = "00000000-0000-0000-0000-000000000000"
MISSING = {"error": {"code": 404, "message": "Not Found"}}


@pytest.fixture
def counter(house):
    return Counter(house)


def send(counter, path, content=PNG, field="photo[file]", headers=None):
    head = f'--b\r\nContent-Disposition: form-data; name="{field}"; filename="my_image.png"\r\n\r\n'
    return counter.house.call(
        "POST",
        "/api" + path,
        headers={**(headers or counter.admin), "content-type": "multipart/form-data; boundary=b"},
        body=head.encode() + content + b"\r\n--b--\r\n",
    )


def fetch(counter, path, headers=None):
    """The picture as somebody without a token sees it."""
    reply = counter.house.call("GET", "/api" + path, headers=headers or {})
    return reply.body if reply.status == 200 else reply.status


def remove(counter, path):
    reply = counter.house.call("DELETE", "/api" + path, headers=counter.admin)
    return reply.status, reply.body


def test_a_reward_has_photos_and_a_brand_icon(counter):
    reward_id = counter.offer(public=1)
    path = f"/DEFAULT/campaign/{reward_id}"
    shown = counter.get(path)
    assert (shown["photos"], shown["hasPhoto"], shown["brandIcon"]) == ([], False, False)
    ids = []
    for content in (PNG, GIF):
        reply = send(counter, path + "/photo", content)
        assert reply.status == 200, reply.body
        ids.append(reply.json()["photoId"])
    assert [fetch(counter, f"{path}/photo/{each}") for each in ids] == [PNG, GIF]
    reply = counter.house.call("GET", f"/api{path}/photo/{ids[1]}")
    assert reply.headers["content-type"] == "image/gif"
    assert reply.headers["x-content-type-options"] == "nosniff"
    icon = path + "/brand_icon"
    assert fetch(counter, icon) == 404
    assert send(counter, icon, PNG, "brand_icon[file]").status == 204
    assert send(counter, icon, GIF, "brand_icon[file]").status == 204
    assert fetch(counter, icon) == GIF
    shown = counter.get(path)
    assert (shown["hasPhoto"], shown["brandIcon"]) == (True, True)
    assert shown["photos"] == [
        {
            "photoId": photo_id,
            "path": f"reward/{photo_id}.{ending}",
            "orginalName": "my_image.png",
            "mimeType": mime,
        }
        for photo_id, ending, mime in zip(
            ids, ("png", "gif"), ("image/png", "image/gif"), strict=True
        )
    ]
    (listed,) = counter.get("/customer/campaign/available", counter.own)["campaigns"]
    assert listed["photos"] == shown["photos"]
    assert remove(counter, f"{path}/photo/{ids[0]}") == (204, b"")
    assert remove(counter, f"{path}/photo/{ids[0]}")[0] == 404
    assert remove(counter, icon)[0] == 204
    assert fetch(counter, icon) == fetch(counter, f"{path}/photo/{ids[0]}") == 404
    # What is shown survives a rebuild; decisions tell of it, but do not carry it.
    counter.house.execute(commands.RebuildState(counter.house.tenant_id, 0))
    assert fetch(counter, f"{path}/photo/{ids[1]}") == GIF
    told = decided(counter.house, counter.admin, "Guerdon.Picture.*")
    assert [name for name, _, _ in told] == ["PictureWasPut"] * 4 + ["PictureWasRemoved"] * 2
    assert told[1][2]["sha256"] == hashlib.sha256(GIF).hexdigest()


def test_levels_and_rules_have_a_photo_each(counter):
    level = {"conditionValue": 0, "active": 1, "reward": {"name": "r", "value": 1, "code": "c"}}
    level["translations"] = {"en": {"name": "gold"}}
    level_id = counter.ask("/level/create", {"level": level}).json()["levelId"]
    rule = {"type": "points", "name": "r", "pointValue": 1, "active": 1, "allTimeActive": 1}
    reply = counter.ask("/earningRule", {"earningRule": rule})
    rule_id = reply.json()["earningRuleId"]
    for path in (f"/DEFAULT/level/{level_id}", f"/DEFAULT/earningRule/{rule_id}"):
        assert counter.get(path)["hasPhoto"] is False
        assert (fetch(counter, path + "/photo"), remove(counter, path + "/photo")[0]) == (404, 404)
        for content in (PNG, GIF):
            reply = send(counter, path + "/photo", content)
            assert (reply.status, reply.body) == (200, b"")
            assert fetch(counter, path + "/photo") == content
        assert counter.get(path)["hasPhoto"] is True
    (mine,) = counter.get("/customer/level", counter.own)["levels"]
    assert mine["hasPhoto"] is True
    assert counter.get("/level")["levels"][0]["hasPhoto"] is True
    assert counter.get("/earningRule")["earningRules"][0]["hasPhoto"] is True
    path = f"/DEFAULT/level/{level_id}"
    assert remove(counter, path + "/photo") == (200, b"")
    assert counter.get(path)["hasPhoto"] is False
    send(counter, path + "/photo")
    assert remove(counter, path)[0] == 204
    assert fetch(counter, path + "/photo") == 404, "it goes with its level"


def test_the_programme_has_pictures_of_its_own(counter):
    for name in ("logo", "small-logo", "hero-image"):
        path = f"/DEFAULT/settings/{name}"
        assert fetch(counter, path) == 404
        assert send(counter, path).status == 200
        assert fetch(counter, path) == fetch(counter, f"{path}/192x192") == PNG
        assert fetch(counter, f"/DEFAULT/settings/photo/{name}") == PNG
    assert send(counter, "/DEFAULT/settings/photo/client-cockpit-logo-big", GIF).status == 200
    settings = counter.get("/DEFAULT/settings")["settings"]
    assert settings["client-cockpit-logo-big"].items() >= {"mime": "image/gif", "sizes": []}.items()
    assert settings["logo"]["path"].startswith("programme/")
    assert remove(counter, "/DEFAULT/settings/logo") == (200, b"")
    assert "logo" not in counter.get("/DEFAULT/settings")["settings"]
    assert send(counter, "/DEFAULT/settings/photo/anything").status == 404


def test_what_is_no_picture_or_nobodys_is_refused(counter, monkeypatch):
    reward_id = counter.offer()
    photo = f"/campaign/{reward_id}/photo"

    def complaint(reply):
        assert reply.status == 400, reply.body
        return reply.json()["form"]["children"]["file"]["errors"][0]

    assert "not a valid image" in complaint(send(counter, photo, b"<svg onload=x>"))
    assert "blank" in complaint(send(counter, photo, field="other[file]"))
    monkeypatch.setattr(limits, "picture_bytes_max", len(PNG))
    assert "too large" in complaint(send(counter, photo, PNG + b"x"))
    monkeypatch.setattr(limits, "pictures_max", 1)
    assert send(counter, photo).status == 200
    assert "1 pictures already" in complaint(send(counter, photo))
    for path in (f"/campaign/{NOBODY}/photo", f"/level/{NOBODY}/photo"):
        assert send(counter, path).json() == MISSING
    assert send(counter, photo, headers=counter.own).status == 403
    other = permanent(counter.house, tenant_id=counter.house.tenant("second"))
    photo_id = counter.get(f"/campaign/{reward_id}")["photos"][0]["photoId"]
    assert fetch(counter, f"{photo}/{photo_id}", counter.own) == PNG
    assert fetch(counter, f"{photo}/{photo_id}", other) == 404
