"""What goes to the browser: whole, offline, coloured by the theme."""

import re
import subprocess

import pytest
from shipped_views import CLASSES

from xaiwidgets.views.view import shipped


@pytest.mark.parametrize("view", CLASSES)
def test_a_module_is_one_text_that_fetches_nothing(view):
    text = view._esm.replace("http://www.w3.org/2000/svg", "")  # the name of a vocabulary
    assert isinstance(text, str)
    assert not re.search(r"^\s*import\b|\bimport\(|https?:|\bfetch\(|XMLHttpRequest|@import|url\(['\"]?h", text, re.M)
    assert text.count("export default") == 1
    assert view._esm.startswith(shipped("common.js"))


@pytest.mark.parametrize("view", CLASSES)
def test_a_module_has_no_name_twice(view):
    names = re.findall(r"^(?:export )?(?:function|const|let) (\w+)", view._esm, re.M)
    assert len(names) == len(set(names))


@pytest.mark.parametrize("view", CLASSES)
def test_a_module_parses(view, node, modules):
    subprocess.run([node, "--check", modules / f"{view.__name__}.mjs"], check=True, timeout=60)


@pytest.mark.parametrize("view", CLASSES)
def test_a_style_sheet_takes_the_theme_and_reaches_its_own_view_only(view):
    css = re.sub(r"/\*.*?\*/", "", view._css, flags=re.S)
    assert "var(--jp-ui-font-color1, " in css
    assert not re.search(r"https?:|@import", css)
    own = css[len(shipped("common.css")) :]
    assert not re.search(r"#[0-9a-f]{3,6}\b(?!;?\s*border-radius: 50%)", own), "colours stand in common.css"
    for selectors in re.findall(r"([^{}]+)\{", css):
        if "@media" not in selectors:
            assert all(".xai" in selector for selector in selectors.split(",")), selectors


@pytest.mark.parametrize("view", CLASSES)
def test_an_unknown_keyword_is_named(view):
    with pytest.raises(TypeError, match=f"{view.__name__} has no colour; its traits are .*layout"):
        view(**{"colour": "red"} | ({"specification": []} if view.__name__ == "ControlsView" else {}))
