"""The doctor's report, as text and as tables that a screen reader can read."""

from html.parser import HTMLParser

import pytest

from xaiwidgets.methods.diagnosis import Diagnosis, Verdict

FOUND = Diagnosis(
    "<Net & more>",
    (("Input", "3 x 9 x 8, float32"), ("Activations", "2 ReLU; module 'relu' runs 2 times; all are seen " * 3)),
    (
        Verdict("LRP", "exact", ""),
        Verdict("CAM", "refused", "layer 'a<b>' has no maps; " * 9),
        Verdict("SmoothGrad", "approximated", "a mean"),
    ),
)


class Tables(HTMLParser):
    """What the tables are made of, and the text of each cell."""

    def __init__(self):
        super().__init__()
        self.tags, self.scopes, self.text = [], [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag == "th":
            self.scopes.append(dict(attributes).get("scope"))

    def handle_data(self, data):
        self.text.append(data)


def one_line(text):
    return " ".join(text.split())


def test_text_and_tables_say_the_same():
    tables = Tables()
    tables.feed(FOUND._repr_html_())
    assert tables.tags.count("table") == tables.tags.count("caption") == 2
    assert tables.scopes == ["col"] * 2 + ["row"] * 2 + ["col"] * 3 + ["row"] * 3
    assert {"net", "b"} & set(tables.tags) == set()
    cells, text = set(tables.text), one_line(str(FOUND))
    assert "Diagnosis of <Net & more>" in cells
    for name, said in FOUND.findings:
        assert {name, said} <= cells
        assert one_line(f"{name} {said}") in text
    for each in FOUND.verdicts:
        assert {each.method, each.verdict} <= cells
        assert one_line(f"{each.method} {each.verdict} {each.why}") in text


def test_text_keeps_its_columns():
    lines = str(FOUND).splitlines()
    assert max(map(len, lines)) <= 110
    column = lines[1].index("3 x 9")
    assert lines[2].index("2 ReLU") == column
    assert lines[3].startswith(" " * column)
    column = next(line for line in lines if "LRP" in line).index("exact")
    assert next(line for line in lines if "SmoothGrad" in line).index("approximated") == column


def test_a_verdict_is_found_by_the_methods_name():
    assert FOUND["CAM"].verdict == "refused"
    with pytest.raises(KeyError, match="known methods: LRP, CAM, SmoothGrad"):
        FOUND["Saliency"]
