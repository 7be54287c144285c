"""What is typed as a setting's value, and what a refusal says."""

from __future__ import annotations

import pytest

from guerdon.engine import settings
from guerdon.errors import Refused


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("rate_limit.per_minute", "140", 140),
        ("woowup.duplicates", "ignore", "ignore"),
        ("woowup.duplicates", '"ignore"', "ignore"),
        ("meditopia.partner_id", "0042.50", "0042.50"),
        ("meditopia.partner_id", "12345", "12345"),
        ("meditopia.partner_id", '"12345"', "12345"),
    ],
)
def test_a_bare_word_or_number_is_a_text_where_one_is_wanted(name, text, value):
    assert settings.parse(name, text) == value


@pytest.mark.parametrize("text", ["null", "true", "[1]", "{}"])
def test_other_json_is_no_text(text):
    with pytest.raises(Refused, match=r"takes? .*, but a text of at most"):
        settings.parse("meditopia.partner_id", text)


@pytest.mark.parametrize(
    ("name", "text", "takes"),
    [
        ("purchases.returns", "maybe", "true or false"),
        ("rate_limit.per_minute", "1.5", "a whole number from 0 to 1000000"),
        ("meditopia.status_naming", "Camel", "one of camel, snake"),
        ("earning.statuses", "active", "a JSON list of some of new, active, blocked"),
        ("programme.timezone", "Mars", "the name of a time zone, as Europe/Warsaw"),
    ],
)
def test_a_refusal_says_what_the_setting_takes(name, text, takes):
    with pytest.raises(Refused) as refused:
        settings.parse(name, text)
    assert refused.value.message == f"{name} does not take {text}, but {takes}"


def test_every_default_is_a_value_its_setting_takes():
    assert all(each.accepts(each.default) for each in settings.SETTINGS.values())
