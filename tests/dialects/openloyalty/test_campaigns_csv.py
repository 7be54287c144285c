"""The sheet of bought coupons as documented."""

import csv
import io

from dialects.openloyalty.counter import Counter
from guerdon import limits

COLUMNS = [
    "0.Name",
    "1.Date",
    "2.Cost",
    "3.Tax value",
    "4.email",
    "5.phone",
    "6.Firstname",
    "7.Surname",
    "8.Points balance",
    "9.Is used",
]
PATH = "/api/DEFAULT/campaign/bought/export/csv"


def sheet(counter, query=""):
    reply = counter.house.call("GET", PATH + query, headers=counter.admin)
    assert reply.status == 200, reply.body
    assert reply.headers["content-type"].startswith("text/csv")
    assert "attachment" in reply.headers["content-disposition"]
    return list(csv.reader(io.StringIO(reply.body.decode())))


def test_bought_coupons_are_exported_as_documented(house, monkeypatch):
    counter = Counter(house)
    assert sheet(counter) == [COLUMNS]
    counter.gives(50)
    gift = counter.offer("gift_code", name="=gift", costInPoints=2.5, taxPriceValue=1.23)
    tea = counter.offer(codes=[str(at) for at in range(9)], name="tea, hot")
    ((coupon_id, code),) = counter.buy(gift)
    counter.buy(tea, quantity=3)
    rows = {"coupons": [{"campaignId": gift, "couponId": coupon_id, "code": code, "used": 1}]}
    counter.ask("/customer/campaign/coupons/mark_as_used", rows, counter.own)
    monkeypatch.setattr(limits, "csv_slice_members", 2)
    columns, first, *others = sheet(counter)
    assert columns == COLUMNS
    name, date, *rest = first
    assert name.lstrip("'") == "=gift"
    assert name != "=gift", "no sheet takes it for a formula"
    assert (len(date), date[10]) == (19, " ")
    assert [each.lstrip("'") for each in rest] == [
        "2.5",
        "1.23",
        "ann@example.com",
        "+48600100200",
        "Ann",
        "Nowak",
        "47.5",
        "1",
    ]
    assert [(row[0], row[2], row[9]) for row in others] == [("tea, hot", "0", "")] * 3
    assert sheet(counter, "?purchasedAtFrom=2100-01-01") == [COLUMNS]
    assert len(sheet(counter, "?purchasedAtFrom=2000-01-01&purchasedAtTo=2100-01-01")) == 5
    monkeypatch.setattr(limits, "csv_members_max", 3)
    reply = house.call("GET", PATH, headers=counter.admin)
    assert reply.status == 400
    assert "fewer days" in reply.json()["error"]
