"""Settings as documented: shown, changed, and what they do or do not do."""

import json
import re
from pathlib import Path

from dialects.openloyalty.crowd import enrol, level
from dialects.openloyalty.staff import MISSING, children, get, send
from dialects.openloyalty.till import back, customer, permanent, post, sale
from guerdon.dialects.openloyalty import settings
from guerdon.engine.settings import SETTINGS

DOCUMENT = Path(__file__).parents[3] / "docs/dialects/openloyalty.md"
DOCUMENTED = [
    "settings[currency]=PLN",
    "settings[timezone]=Europe/Warsaw",
    "settings[programName]=Loyalty+Program",
    "settings[programPointsSingular]=point",
    "settings[programPointsPlural]=points",
    "settings[returns]=0&settings[allTimeActive]=1",
    "settings[customersIdentificationPriority][0][priority]=1",
    "settings[customersIdentificationPriority][0][field]=email",
    "settings[tierAssignType]=transactions",
    "settings[excludeDeliveryCostsFromTierAssignment]=0",
]
SHOWN = {
    "excludedLevelCategories": [],
    "customersIdentificationPriority": [{"priority": 1, "field": "email"}],
    "excludedDeliverySKUs": [],
    "excludedLevelSKUs": [],
    "returns": True,
    "allowCustomersProfileEdits": True,
    "allTimeNotLocked": True,
    "levelResetPointsOnDowngrade": False,
    "webhooks": False,
    "excludeDeliveryCostsFromTierAssignment": False,
    "pointsDaysActiveCount": 30,
    "expirePointsNotificationDays": 10,
    "expireCouponsNotificationDays": 10,
    "expireLevelsNotificationDays": 10,
    "currency": "EUR",
    "timezone": "Europe/Warsaw",
    "programName": "Loyalty Program",
    "programPointsSingular": "Point",
    "programPointsPlural": "Points",
    "pointsDaysExpiryAfter": "after_x_days",
    "tierAssignType": "transactions",
    "levelDowngradeMode": "none",
    "levelDowngradeBase": "none",
    "preferredCommunicationMethod": "email",
    "accountActivationRequired": True,
    "marketingVendorsValue": "none",
    "pushySecretKey": "",
    "maxPointsRedeemed": "500",
    "programConditionsUrl": "",
    "programFaqUrl": "",
    "programUrl": "",
    "helpEmailAddress": "kkk",
    "uriWebhooks": "",
    "webhookHeaderName": "",
    "webhookHeaderValue": "",
    "accentColor": "",
    "cssTemplate": "",
}
"""The documented answer, its seven pictures left out."""
UNSUPPORTED = {"errors": ["This is not supported."]}


def shown(house, headers):
    reply = get(house, headers, "/DEFAULT/settings")
    assert (reply.status, list(reply.json())) == (200, ["settings"])
    return reply.json()["settings"]


def change(house, headers, *lines):
    return send(house, headers, "/DEFAULT/settings", [f"settings{line}" for line in lines])


def test_the_documented_request_changes_what_it_names_and_the_answer_has_every_name(house):
    headers = permanent(house)
    before = shown(house, headers)
    reply = send(house, headers, "/DEFAULT/settings", DOCUMENTED)
    assert (reply.status, list(reply.json())) == (200, ["settings"]), reply.body
    after = shown(house, headers)
    assert after == reply.json()["settings"]
    assert {name: value for name, value in after.items() if value != before[name]} == {
        "currency": "PLN",
        "timezone": "Europe/Warsaw",
        "programPointsSingular": "point",
        "programPointsPlural": "points",
        "returns": False,
        "customersIdentificationPriority": [{"priority": 1, "field": "email"}],
    }
    assert {name: type(after[name]) for name in SHOWN} == {
        name: type(value) for name, value in SHOWN.items()
    }
    # Whatever was shown can be sent again, as clients do.
    whole = {**after, **SHOWN}
    assert post(house, "/settings", {"settings": whole}, headers).status == 200
    assert {name: shown(house, headers)[name] for name in SHOWN} == SHOWN


def test_every_name_stands_for_a_setting_or_is_kept_or_has_one_value(house):
    headers = permanent(house)
    sent = {
        "excludedLevelCategories": ["c"],
        "customersIdentificationPriority": [
            {"priority": 2, "field": "phone"},
            {"priority": 1, "field": "email"},
        ],
        "excludedDeliverySKUs": ["d"],
        "excludedLevelSKUs": ["s"],
        "customerStatusesEarning": ["new", "active"],
        "customerStatusesSpending": ["active", "blocked"],
        "returns": False,
        "allowCustomersProfileEdits": False,
        "allTimeNotLocked": False,
        "levelResetPointsOnDowngrade": True,
        "excludeDeliveryCostsFromTierAssignment": True,
        "pointsDaysActiveCount": 31,
        "pointsDaysLocked": 3,
        "currency": "PLN",
        "timezone": "Europe/Warsaw",
        "pointsDaysExpiryAfter": "at_the_end_of_the_year",
        "tierAssignType": "points",
        "levelDowngradeMode": "after_x_days",
        "levelDowngradeDays": 12,
        "levelDowngradeBase": "earned_points",
        "preferredCommunicationMethod": "sms",
        "maxPointsRedeemed": "500",
    }
    assert sent.keys() == settings.MAPPED.keys()
    assert post(house, "/settings", {"settings": sent}, headers).status == 200
    stored = dict(house.read(lambda rows: rows.all("settings", tenant_id=house.tenant_id)))
    assert stored.keys() == {each.setting for each in settings.MAPPED.values()}
    for name, mapped in settings.MAPPED.items():
        assert json.loads(stored[mapped.setting]) != SETTINGS[mapped.setting].default, name
    after = shown(house, headers)
    sent["customersIdentificationPriority"] = [
        {"priority": 1, "field": "email"},
        {"priority": 2, "field": "phone"},
    ]
    assert {name: after[name] for name in sent} == sent
    assert after.keys() == {
        *settings.MAPPED,
        *settings.FIXED,
        *SETTINGS[settings.SHOWN].default,
    }


def test_the_document_says_which_setting_each_name_stands_for():
    rows = re.findall(r"^\| `(\w+)` \| `([a-z_.]+)` \|$", DOCUMENT.read_text(), re.MULTILINE)
    assert dict(rows) == {name: each.setting for name, each in settings.MAPPED.items()}
    assert all(f"`{name}` (" in DOCUMENT.read_text() for name in settings.FIXED)


def test_what_a_setting_does_not_take_is_refused_and_changes_nothing(house):
    headers = permanent(house)
    before = shown(house, headers)
    for line, told in (
        ("[currency]=euro", "errors"),
        ("[timezone]=Mars/Olympus", "errors"),
        ("[returns]=perhaps", "errors"),
        ("[pointsDaysActiveCount]=0", "errors"),
        ("[levelDowngradeMode]=sometimes", "errors"),
        ("[customersIdentificationPriority][0][field]=shoe", "children"),
        ("[customerStatusesEarning][0]=asleep", "errors"),
    ):
        reply = change(house, headers, line, "[programUrl]=https://example.com")
        name = re.match(r"\[(\w+)\]", line)[1]
        assert list(children(reply)[name]) == [told], line
    for line in (
        "[webhooks]=1",
        "[uriWebhooks]=https://example.com",
        "[marketingVendorsValue]=mailchimp",
        "[accountActivationRequired]=0",
        "[pushySecretKey]=secret",
    ):
        reply = change(house, headers, line)
        assert children(reply)[re.match(r"\[(\w+)\]", line)[1]] == UNSUPPORTED, line
    assert shown(house, headers) == before


def test_everything_that_is_wrong_with_settings_is_told_at_once(house):
    wrong = {
        "returns": "perhaps",
        "pointsDaysLocked": -1,
        "currency": "euro",
        "timezone": "Nowhere",
        "tierAssignType": "luck",
        "customersIdentificationPriority": [{"priority": 1, "field": "email"}] * 2,
        "webhooks": 1,
    }
    form = {"settings": {**wrong, "programName": "Ours"}}
    told = children(post(house, "/settings", form, permanent(house)))
    assert {name for name, entry in told.items() if entry} == set(wrong)


def test_settings_do_what_they_say(house):
    headers = permanent(house)
    level(house)
    member_id = enrol(house, headers)
    own = customer(house, member_id)
    form = {"customer": {"firstName": "Jan"}}
    path = f"/customer/{member_id}"
    assert post(house, path, form, own, "PUT").status == 200
    assert change(house, headers, "[allowCustomersProfileEdits]=0").status == 200
    assert post(house, path, form, own, "PUT").status == 403
    assert post(house, path, form, headers, "PUT").status == 200
    public = get(house, {}, "/DEFAULT/settings/public").json()
    assert public == {"settings": {"allowCustomersProfileEdits": False}}

    assert post(house, "/transaction", sale("1"), headers).status == 200
    assert change(house, headers, "[returns]=0").status == 200
    refused = post(house, "/transaction", back("2", "1"), headers)
    assert refused.status == 400
    assert change(house, headers, "[returns]=1", "[currency]=PLN").status == 200
    assert post(house, "/transaction", back("2", "1"), headers).status == 200
    analytics = get(house, headers, "/admin/analytics/transactions").json()
    assert analytics["currency"] == "PLN"

    method = "[preferredCommunicationMethod]=sms"
    assert get(house, {}, "/DEFAULT/settings/activation").json() == {
        "method": "email",
        "required": True,
    }
    assert change(house, headers, method).status == 200
    assert get(house, {}, "/settings/activation").json() == {"method": "sms", "required": True}
    assert get(house, {}, "/settings/activation-method").json() == {"method": "sms"}


def test_what_clients_show_is_kept_for_them(house):
    headers = permanent(house)
    lines = ("[programName]=Bonus", "[accentColor]=#ff0000", "[cssTemplate]=b{color:red}")
    assert change(house, headers, *lines).status == 200
    css = get(house, {}, "/DEFAULT/settings/css")
    assert (css.status, css.body) == (200, b"b{color:red}")
    assert css.headers["content-type"] == "text/css; charset=utf-8"
    assert css.headers["x-content-type-options"] == "nosniff"
    manifest = get(house, {}, "/DEFAULT/settings/manifest").json()
    assert manifest == {
        "name": "Bonus",
        "short_name": "Bonus",
        "icons": [],
        "start_url": "/",
        "display": "standalone",
        "scope": "/",
        "background_color": "#FFFFFF",
        "theme_color": "#ff0000",
    }


def test_choices_are_listed_by_what_they_are_called(house):
    languages = get(house, {}, "/DEFAULT/settings/choices/language").json()
    assert list(languages) == ["choices"]
    assert languages["choices"]["Arabic"] == "ar"
    zones = get(house, {}, "/settings/choices/timezone").json()["choices"]
    assert zones["America"]["Argentina - Ushuaia"] == "America/Argentina/Ushuaia"
    assert (zones["Europe"]["Warsaw"], zones["Other"]) == ("Europe/Warsaw", {"UTC": "UTC"})
    assert get(house, {}, "/settings/choices/smsGatewayConfig").json() == {"fields": []}
    for name, some in (
        ("country", {"Belarus": "BY"}),
        ("earningRuleLimitPeriod", {"1 day": "day", "3 months": "3 months"}),
        ("promotedEvents", {"Account created": "oloy.account.created"}),
        ("referralEvents", {"register": "register"}),
        ("referralTypes", {"both": "both"}),
        ("availablePointExpireAfter", {"after_x_days": "after_x_days"}),
    ):
        assert get(house, {}, f"/settings/choices/{name}").json()["choices"].items() >= some.items()
    for name, first in (
        ("availableCustomerStatuses", "new"),
        ("availableAccountActivationMethods", "email"),
        ("availableFrontendTranslations", {"name": "English", "code": "en", "default": True}),
    ):
        assert get(house, {}, f"/settings/choices/{name}").json()["choices"][0] == first
    for name in ("tierAssignType", "levelDowngradeMode", "deliveryStatus"):
        assert get(house, {}, f"/settings/choices/{name}").json()["choices"], name
    unknown = get(house, {}, "/settings/choices/colour")
    assert (unknown.status, unknown.json()) == (404, MISSING)


def test_a_currency_is_taken_in_either_case(house):
    headers = permanent(house)
    for sent, kept in (("pln", "PLN"), ("USD", "USD"), ("Eur", "EUR")):
        assert change(house, headers, f"[currency]={sent}").status == 200
        assert shown(house, headers)["currency"] == kept
    told = children(change(house, headers, "[currency]=euro"))
    assert told["currency"]["errors"]
