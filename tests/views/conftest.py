from pathlib import Path

import pytest
from programs import program
from shipped_views import CLASSES


@pytest.fixture(scope="session")
def node() -> str:
    return program("node")


@pytest.fixture(scope="session")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with each view's module as the browser gets it, `ImageView.mjs` and so on."""
    folder = tmp_path_factory.mktemp("modules")
    for view in CLASSES:
        (folder / f"{view.__name__}.mjs").write_text(view._esm, encoding="utf-8")
    return folder


@pytest.fixture
def page(chromium):
    page = chromium.new_page(viewport={"width": 1000, "height": 900})
    page.set_default_timeout(60_000)
    errors = []
    page.on("pageerror", lambda error: errors.append(error))
    page.set_content(
        "<!doctype html><html lang='en'><title>views</title><body data-jp-theme-light='true'></body></html>"
    )
    yield page
    assert not errors
    page.close()
