import json
import os
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from xaiwidgets.colors import lookup_table, overlay

FOLDER = Path(__file__).parent


def test_javascript(node, modules):
    files = sorted(FOLDER.glob("*.test.mjs"))
    environment = os.environ | {"XAI_MODULES": str(modules)}
    done = subprocess.run([node, "--test", *files], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"^\W*pass (\d+)", done.stdout, re.MULTILINE)
    written = sum(file.read_text(encoding="utf-8").count("\ntest(") for file in files)
    assert int(passed[1]) == written


COMPOSE = """
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
const [modulePath, folder] = process.argv.slice(2);
const { compose } = await import(pathToFileURL(modulePath));
const { height, width, h, w, limit, opacity } = JSON.parse(readFileSync(`${folder}/sizes.json`));
const read = (name) => new Uint8Array(readFileSync(`${folder}/${name}`)).buffer;
const image = { shape: [height, width, 3], data: new Uint8Array(read("image")) };
const map = { shape: [h, w], data: new Float32Array(read("map")) };
writeFileSync(`${folder}/rgba`, compose(image, map, limit, new Uint8Array(read("table")), opacity).rgba);
"""


def composed(node, modules, folder, image, heatmap, limit, opacity):
    """RGBA of `compose` of the shipped module, `(rows, columns, 4)`."""
    sizes = dict(zip(("height", "width", "h", "w"), (*image.shape[:2], *heatmap.shape), strict=True))
    (folder / "sizes.json").write_text(json.dumps(sizes | {"limit": limit, "opacity": opacity}))
    for name, array in {"image": image, "map": heatmap, "table": lookup_table()}.items():
        (folder / name).write_bytes(array.tobytes())
    (folder / "compose.mjs").write_text(COMPOSE)
    subprocess.run([node, folder / "compose.mjs", modules / "ImageView.mjs", folder], check=True, timeout=60)
    rows, columns = (max(a, b) for a, b in zip(image.shape, heatmap.shape, strict=False))
    return np.frombuffer((folder / "rgba").read_bytes(), np.uint8).reshape(rows, columns, 4)


@pytest.mark.parametrize(
    ("size", "cells", "limit", "opacity"),
    [
        ((64, 48), (64, 48), 1.0, 1.0),
        ((61, 47), (7, 5), 0.37, 0.6),
        ((5, 8), (10, 24), 1e-7, 0.123456789),
        ((30, 20), (0, 0), 1.0, 0.5),
        ((30, 20), (30, 20), 3e30, 0.0),
        ((0, 0), (12, 9), 2.5, 0.5),
    ],
)
def test_the_browser_and_python_give_the_same_colours(node, modules, tmp_path, size, cells, limit, opacity):
    random = np.random.default_rng(7)
    image = random.integers(0, 256, (*size, 3), dtype=np.uint8)
    heatmap = (random.normal(0, 0.6, cells) * limit).astype(np.float32)
    special = np.array([0, -0.0, limit, -limit, np.nan, np.inf, -np.inf, 2 * limit, limit / 255], np.float32)
    heatmap.ravel()[: len(special)] = special[: heatmap.size]
    browser = composed(node, modules, tmp_path, image, heatmap, limit, opacity)
    np.testing.assert_array_equal(browser[..., :3], overlay(image, heatmap, limit, opacity))
    assert (browser[..., 3] == 255).all()
