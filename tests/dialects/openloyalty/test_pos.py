"""Points of sale as documented, with what was bought there."""

from dialects.openloyalty.staff import BLANK, MISSING, USED, children, get, send
from dialects.openloyalty.till import back, permanent, post, sale, seller

DOCUMENTED = [
    "pos[name]=testname",
    "pos[identifier]=testid",
    "pos[description]=testdescription",
    "pos[location][street]=polna",
    "pos[location][address1]=24",
    "pos[location][address2]=5",
    "pos[location][postal]=98-765",
    "pos[location][city]=Wroclaw",
    "pos[location][province]=WroclawProvince",
    "pos[location][country]=Poland",
    "pos[location][lat]=latitude",
    "pos[location][long]=longitude",
]
DOCUMENTED_CHANGE = [
    "pos[name]=test8",
    "pos[identifier]=testid8",
    "pos[description]=test8description",
    "pos[location][street]=kwiatowa",
    "pos[location][address1]=66",
    "pos[location][address2]=33",
    "pos[location][postal]=666-333",
    "pos[location][city]=Honolulu",
    "pos[location][province]=HonululuProvince",
    "pos[location][country]=USA",
    "pos[location][lat]=latitude8",
    "pos[location][long]=longitude8",
]
FEW = [
    line
    for line in DOCUMENTED
    if not any(name in line for name in ("description", "address2", "lat", "long"))
]


def made(house, headers, lines):
    reply = send(house, headers, "/DEFAULT/pos", lines)
    assert (reply.status, list(reply.json())) == (200, ["posId"]), reply.body
    return reply.json()["posId"]


def test_the_documented_requests_make_show_and_change_a_point_of_sale(house):
    headers = permanent(house)
    pos_id = made(house, headers, DOCUMENTED)
    shown = get(house, headers, f"/DEFAULT/pos/{pos_id}").json()
    assert shown == {
        "posId": pos_id,
        "name": "testname",
        "identifier": "testid",
        "description": "testdescription",
        "location": {
            "street": "polna",
            "address1": "24",
            "address2": "5",
            "province": "WroclawProvince",
            "city": "Wroclaw",
            "postal": "98-765",
            "country": "Poland",
            "geoPoint": {"lat": "latitude", "long": "longitude"},
        },
        "transactionsAmount": 0,
        "transactionsCount": 0,
        "currency": "eur",
    }
    assert get(house, headers, "/DEFAULT/pos/identifier/testid").json() == shown
    reply = send(house, headers, f"/DEFAULT/pos/{pos_id}", DOCUMENTED_CHANGE, "PUT")
    assert (reply.status, reply.json()) == (200, {"posId": pos_id})
    changed = get(house, headers, "/pos/identifier/testid8").json()
    assert (changed["name"], changed["location"]["city"]) == ("test8", "Honolulu")
    for path in ("/pos/identifier/testid", "/pos/no-uuid"):
        missing = get(house, headers, path)
        assert (missing.status, missing.json()) == (404, MISSING)
    assert send(house, headers, "/pos/no-uuid", DOCUMENTED, "PUT").status == 404


def test_it_tells_what_was_bought_there_and_is_listed_for_sellers_too(house):
    headers = permanent(house)
    busy, idle = made(house, headers, FEW), made(house, headers, DOCUMENTED_CHANGE)
    for number, where in (("1", busy), ("2", busy), ("3", "")):
        pos = {"pos": where} if where else {}
        assert post(house, "/transaction", sale(number, **pos), headers).status == 200
    assert post(house, "/transaction", back("4", "1", pos=busy), headers).status == 200
    listed = get(house, headers, "/DEFAULT/pos").json()
    assert (list(listed), listed["total"]) == (["pos", "total"], 2)
    first, second = listed["pos"]
    assert (first["posId"], first["transactionsAmount"], first["transactionsCount"]) == (busy, 3, 2)
    assert (second["posId"], second["transactionsCount"]) == (idle, 0)
    assert "description" not in first
    assert list(first["location"]) == [
        "street",
        "address1",
        "province",
        "city",
        "postal",
        "country",
    ]
    by_count = get(house, headers, "/pos?sort=transactionsCount&perPage=1").json()
    assert ([each["posId"] for each in by_count["pos"]], by_count["total"]) == ([idle], 2)
    behind_the_till = seller(house)
    assert get(house, behind_the_till, "/seller/pos").json() == listed
    assert get(house, behind_the_till, f"/seller/pos/{busy}").json() == first
    assert send(house, behind_the_till, "/pos", DOCUMENTED).status == 403


def test_wrong_forms_are_told_field_by_field(house):
    headers = permanent(house)
    empty = children(send(house, headers, "/pos", []))
    required = ("street", "address1", "province", "city", "postal", "country")
    optional = ("address2", "lat", "long")
    place = empty.pop("location")["children"]
    assert empty == {"name": BLANK, "identifier": BLANK, "description": {}}
    assert {name: place[name] for name in required} == dict.fromkeys(required, BLANK)
    assert [place[name] for name in optional] == [{}, {}, {}]
    pos_id = made(house, headers, DOCUMENTED)
    assert children(send(house, headers, "/pos", DOCUMENTED))["identifier"] == USED
    other = made(house, headers, DOCUMENTED_CHANGE)
    taken = send(house, headers, f"/pos/{other}", DOCUMENTED, "PUT")
    assert children(taken)["identifier"] == USED
    assert send(house, headers, f"/pos/{pos_id}", DOCUMENTED, "PUT").status == 200


def test_a_point_of_sale_is_found_by_its_id_in_capital_letters(house):
    headers = permanent(house)
    pos_id = made(house, headers, FEW)
    assert get(house, headers, f"/pos/{pos_id.upper()}").json()["posId"] == pos_id


def test_an_edit_of_a_point_of_sale_keeps_what_it_does_not_send(house):
    headers = permanent(house)
    pos_id = made(house, headers, DOCUMENTED)
    whole = get(house, headers, f"/pos/{pos_id}").json()

    def changed(*lines):
        reply = send(house, headers, f"/pos/{pos_id}", [*FEW, *lines], "PUT")
        assert reply.status == 200, reply.body
        return get(house, headers, f"/pos/{pos_id}").json()

    assert changed() == whole
    moved = changed("pos[location][lat]=north")["location"]
    assert moved["geoPoint"] == {"lat": "north", "long": "longitude"}
    assert "geoPoint" not in changed("pos[location][long]=")["location"]
    lines = [f"pos[{name}]=" for name in ("description", "location][address2")]
    emptied = changed(*lines)
    assert "description" not in emptied
    assert list(emptied["location"]) == [
        "street",
        "address1",
        "province",
        "city",
        "postal",
        "country",
    ]
    for missing in FEW:
        fewer = [line for line in FEW if line != missing]
        assert send(house, headers, f"/pos/{pos_id}", fewer, "PUT").status == 400, missing


def test_points_of_sale_are_sorted_by_their_city(house):
    headers = permanent(house)
    here, there = made(house, headers, FEW), made(house, headers, DOCUMENTED_CHANGE)
    cities = {each["posId"]: each["location"]["city"] for each in listed(house, headers)}
    assert cities[there] < cities[here]
    for direction, expected in (("asc", [there, here]), ("desc", [here, there])):
        query = f"?sort=location.city&direction={direction}"
        assert [each["posId"] for each in listed(house, headers, query)] == expected


def listed(house, headers, query=""):
    return get(house, headers, f"/pos{query}").json()["pos"]
