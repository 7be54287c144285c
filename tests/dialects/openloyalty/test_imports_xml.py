"""Files of rows as XML: what they hold, where they are cut, and what is no row."""

from __future__ import annotations

import pytest

from guerdon import limits
from guerdon.dialects.openloyalty import imports_xml
from guerdon.errors import Refused, TooLarge

ROW = "<row><a> 1&amp;<!-- no --><![CDATA[<2>]]> </a><b><c/></b></row>"
LIST = "<row><labels><label><key>k</key></label><label/></labels><items/></row>"
READ = {"a": "1&<2>", "b": {"c": ""}}


def read(text: str, **encoded: str) -> list[imports_xml.Row | imports_xml.Unreadable]:
    content = text.encode(encoded.get("encoding", "utf-8"))
    found = [row for rows in imports_xml.read(content, "rows", "row") for row in rows]
    assert imports_xml.check(content, "rows", "row") == len(found)
    return found


@pytest.fixture(params=[1, 7, 65_536])
def chunk_bytes(request, monkeypatch):
    """However a file is cut into pieces, it is the same file."""
    monkeypatch.setattr(imports_xml, "_CHUNK_BYTES", request.param)


@pytest.mark.usefixtures("chunk_bytes")
def test_rows_are_read_one_after_the_other():
    text = f"<?xml version='1.0'?>\n<!-- rows -->\n<rows> {ROW}\n<?pi?>{LIST}<row/>{ROW} </rows>\n"
    assert read(text) == [READ, {"labels": [{"key": "k"}, ""], "items": []}, {}, READ]
    assert read("<rows/>") == []
    head = "<?xml version='1.0' encoding='utf-16'?>"
    assert read(head + f"<rows>{ROW}</rows>", encoding="utf-16") == [READ]


NOT_ROWS = [
    "",
    "<rows>",
    f"<rows>{ROW}",
    f"<rows>{ROW}</rows><rows/>",
    "<rows><row></rows>",
    "<other><rows/></other>",
    "<x:rows xmlns:x='y'/>",
    f"<rows>x{ROW}</rows>",
    f"<rows>{ROW}x</rows>",
    f"<rows>{ROW}x{ROW}</rows>",
    f"<rows>{ROW}<rows/></rows>",
    "<rows><row><a>&b;</a></row></rows>",
]


@pytest.mark.usefixtures("chunk_bytes")
@pytest.mark.parametrize("text", NOT_ROWS)
def test_what_is_no_file_of_rows_is_refused(text):
    for whole in (imports_xml.check, lambda *file: list(imports_xml.read(*file))):
        with pytest.raises(Refused) as refused:
            whole(text.encode(), "rows", "row")
        assert refused.value.code == "invalid_xml"


@pytest.mark.usefixtures("chunk_bytes")
@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        ("<row>x<a/></row>", "there is text between its fields"),
        ("<row><a/>x</row>", "there is text between its fields"),
        ("<row><a/><a/></row>", "a name is given twice"),
        ("<row><b><a/><a/></b></row>", "a name is given twice"),
    ],
)
def test_a_row_that_cannot_be_read_leaves_the_others_as_they_are(odd, reason):
    assert read(f"<rows>{ROW}{odd}<row/></rows>") == [READ, imports_xml.Unreadable(reason), {}]


@pytest.mark.usefixtures("chunk_bytes")
@pytest.mark.parametrize("kind", ["", " [<!ENTITY a 'b'>]", " SYSTEM 'file:///etc/passwd'"])
def test_a_document_type_is_refused(kind):
    with pytest.raises(Refused) as refused:
        read(f"<!-- rows --><!DOCTYPE rows{kind}><rows>{ROW}</rows>")
    assert refused.value.code == "forbidden_xml"


@pytest.mark.usefixtures("chunk_bytes")
def test_bounds_are_those_of_the_limits(monkeypatch):
    monkeypatch.setattr(limits, "import_rows_max", 2)
    monkeypatch.setattr(limits, "import_row_nodes_max", 5)
    monkeypatch.setattr(limits, "import_depth_max", 5)
    monkeypatch.setattr(limits, "string_chars_max", 3)
    most = "<row><a><b><c/><d/></b></a></row><row><a>123</a></row>"
    assert read(f"<rows>{most}</rows>") == [{"a": {"b": {"c": "", "d": ""}}}, {"a": "123"}]
    with pytest.raises(TooLarge):
        imports_xml.check(f"<rows>{most}<row/></rows>".encode(), "rows", "row")
    for row, reason in (
        ("<row><a><b><c><d/></c></b></a></row>", "it is too deep"),
        ("<row><a>1234</a></row>", "a field is too long"),
        ("<row><a>1234<b/></a></row>", "a field is too long"),
        ("<row><a><b/>1234</a></row>", "a field is too long"),
        ("<row><items>1234</items></row>", "a field is too long"),
    ):
        assert read(f"<rows>{row}</rows>") == [imports_xml.Unreadable(reason)]


def test_a_row_with_too_many_fields_is_not_read(monkeypatch):
    monkeypatch.setattr(limits, "import_row_nodes_max", 5)
    rows = "<row><a><b><c/><d/></b></a><e/></row><row/>"
    assert read(f"<rows>{rows}</rows>") == [imports_xml.Unreadable("it has too many fields"), {}]


def test_a_row_that_does_not_end_is_not_kept_for_long(monkeypatch):
    monkeypatch.setattr(imports_xml, "_CHUNK_BYTES", 64)
    monkeypatch.setattr(limits, "import_row_nodes_max", 50)
    content = "<rows><row/><row>" + "".join(f"<a{n}/>" for n in range(100))
    with pytest.raises(TooLarge, match="Row 2 "):
        imports_xml.check(content.encode(), "rows", "row")
