"""Descriptions as HTML: what they use of Markdown, and nothing a sender could abuse."""

import pytest

from guerdon.dialects.openloyalty import markdown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "<p>plain</p>"),
        ("one\ntwo\n\nthree", "<p>one<br>two</p>\n<p>three</p>"),
        ("one\r\n\r\ntwo", "<p>one</p>\n<p>two</p>"),
        ("## Tea", "<h2>Tea</h2>"),
        ("- a\n- b", "<ul><li>a</li><li>b</li></ul>"),
        ("1. a\n2. b", "<ol><li>a</li><li>b</li></ol>"),
        ("**a** *b* _c_ `d`", "<p><strong>a</strong> <em>b</em> <em>c</em> <code>d</code></p>"),
        ("snake_case_name 2*3*4", "<p>snake_case_name 2*3*4</p>"),
        ("[x](https://a.example/b_c_d)", '<p><a href="https://a.example/b_c_d">x</a></p>'),
        ("", ""),
    ],
)
def test_what_descriptions_use_is_rendered(text, shown):
    assert markdown.html(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        '[x](https://a.example/"onclick="y)',
        "**<img src=x onerror=y>**",
        "`<b>`",
    ],
)
def test_what_a_sender_could_abuse_stays_text(text):
    shown = markdown.html(text)
    for wrong in ("<script", "<img", "<b>", 'javascript:alert(1)"', "<a"):
        assert wrong not in shown
