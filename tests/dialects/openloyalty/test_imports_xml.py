"""Files of rows as XML: what they hold, where they are cut, and what is no row."""

from __future__ import annotations

import pytest

from guerdon import limits
from guerdon.dialects.openloyalty import imports_xml
from guerdon.errors import Refused, TooLarge

ROW = "<row><a> 1&amp;<!-- no --><![CDATA[<2>]]> </a><b><c/></b></row>"
LIST = "<row><labels><label><key>k</key></label><label/></labels><items/></row>"
READ = {"a": "1&<2>", "b": {"c": ""}}


def read(text: str, **encoded: str) -> list[imports_xml.Row]:
    content = text.encode(encoded.get("encoding", "utf-8"))
    return [row for rows in imports_xml.read(content, "rows", "row") for row in rows]


@pytest.fixture(params=[1, 7, 65_536])
def chunk_bytes(request, monkeypatch):
    """However a file is cut into pieces, it is the same file."""
    monkeypatch.setattr(imports_xml, "_CHUNK_BYTES", request.param)


@pytest.mark.usefixtures("chunk_bytes")
def test_rows_are_read_one_after_the_other():
    text = f"<?xml version='1.0'?>\n<!-- rows -->\n<rows> {ROW}\n<?pi?>{LIST}<row/>{ROW} </rows>\n"
    assert read(text) == [READ, {"labels": [{"key": "k"}, ""], "items": []}, {}, READ]
    assert imports_xml.check(text.encode(), "rows", "row") == 4
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
    "<rows><row>x<a/></row></rows>",
    "<rows><row><a/>x</row></rows>",
    f"<rows>{ROW}<rows/></rows>",
    "<rows><row><a/><a/></row></rows>",
    "<rows><row><b><a/><a/></b></row></rows>",
    "<rows><row><a>&b;</a></row></rows>",
]


@pytest.mark.usefixtures("chunk_bytes")
@pytest.mark.parametrize("text", NOT_ROWS)
def test_what_is_no_file_of_rows_is_refused(text):
    with pytest.raises(Refused) as refused:
        read(text)
    assert refused.value.code == "invalid_xml"


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
    assert len(read(f"<rows>{most}</rows>")) == 2
    for row in (
        f"{most}<row/>",
        "<row><a><b><c/><d/></b></a><e/></row>",
        "<row><a><b><c><d/></c></b></a></row>",
        "<row><a>1234</a></row>",
        "<row><a>1234<b/></a></row>",
        "<row><a><b/>1234</a></row>",
        "<row><items>1234</items></row>",
    ):
        with pytest.raises(TooLarge):
            read(f"<rows>{row}</rows>")


def test_a_row_that_does_not_end_is_not_kept_for_long(monkeypatch):
    monkeypatch.setattr(imports_xml, "_CHUNK_BYTES", 64)
    monkeypatch.setattr(limits, "import_row_nodes_max", 50)
    with pytest.raises(TooLarge, match="Row 2 "):
        read("<rows><row/><row>" + "".join(f"<a{n}/>" for n in range(100)))
