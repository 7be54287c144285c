from __future__ import annotations

import pytest

from guerdon import errors, limits
from guerdon.domain import identities


@pytest.mark.parametrize(
    ("kind", "given", "stored"),
    [
        ("email", " Jane@Example.COM ", "jane@example.com"),
        ("phone", " +54 11 5555 ", "+54 11 5555"),
        ("external", " 42bede01c83fa3947 ", " 42bede01c83fa3947 "),
        ("external", "x", "x"),
        ("token", "AbC-_=", "AbC-_="),
        ("document", "12.345.678", "12.345.678"),
        ("card", "CARD-1", "CARD-1"),
    ],
)
def test_an_identity_is_stored_in_one_spelling(kind: str, given: str, stored: str) -> None:
    assert identities.normalise(kind, given) == stored
    assert identities.normalise(kind, stored) == stored


@pytest.mark.parametrize("text", ["é", "e\u0301", "a\u200bb", "\u202eabc", "\U0001f600", "İ"])
def test_unicode_ids_are_compared_as_they_came(text: str) -> None:
    assert identities.normalise("external", text) == text


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("external", ""),
        ("email", "   "),
        ("phone", " \t"),
        ("external", "a\0b"),
        ("token", "\0"),
        ("external", "\ud800"),
        ("external", "x" * (limits.identity_chars_max + 1)),
        ("token", "x" * (limits.token_chars_max + 1)),
        ("shoe_size", "43"),
    ],
)
def test_a_value_that_cannot_name_anybody_is_refused(kind: str, value: str) -> None:
    with pytest.raises(errors.Refused) as caught:
        identities.normalise(kind, value)
    assert (caught.value.code, caught.value.field) == ("invalid_identity", kind)


def test_the_longest_values_are_taken() -> None:
    external = "x" * limits.identity_chars_max
    token = "x" * limits.token_chars_max
    assert identities.normalise("external", external) == external
    assert identities.normalise("token", token) == token
