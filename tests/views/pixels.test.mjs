import assert from "node:assert/strict";
import test from "node:test";

import { load } from "./modules.mjs";

const { cellIndex, colourIndex, compose, fitted } = await load("ImageView");
const { columnsOf, thumbnail } = await load("GalleryView");
const none = { shape: [0, 0], data: [] };
const ramp = Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3)); // row i of the table is (i, i, i)

test("zero is row 128, the limits are the ends, beyond them is the end", () => {
  assert.deepEqual([0, 2, -2, 5, -5, Infinity, -Infinity].map((v) => colourIndex(v, 2)), [128, 255, 0, 255, 0, 255, 0]);
  assert.ok(Number.isNaN(colourIndex(NaN, 1)));
});

test("a coarse map is drawn in rectangles, rows before columns", () => {
  const image = { shape: [4, 6], data: new Uint8Array(72) };
  const map = { shape: [2, 3], data: Float32Array.of(-1, 0, 1, 1, NaN, -1) };
  const { rows, columns, rgba } = compose(image, map, 1, ramp, 1);
  assert.deepEqual([rows, columns], [4, 6]);
  const red = Array.from({ length: 24 }, (_, i) => rgba[4 * i]);
  const upper = [0, 0, 128, 128, 255, 255];
  const lower = [255, 255, 128, 128, 0, 0];
  assert.deepEqual(red, [...upper, ...upper, ...lower, ...lower]);
  assert.equal(rgba[4 * 14], 128); // NaN is grey
});

test("a map finer than the image makes the grid finer", () => {
  const image = { shape: [1, 1], data: Uint8Array.of(255, 255, 255) };
  const { rows, columns } = compose(image, { shape: [2, 3], data: new Float32Array(6) }, 1, ramp, 0.5);
  assert.deepEqual([rows, columns], [2, 3]);
});

test("without a map the image keeps its colours; without an image the map is opaque", () => {
  const image = { shape: [1, 2], data: Uint8Array.of(1, 2, 3, 4, 5, 6) };
  assert.deepEqual([...compose(image, none, 1, ramp, 0).rgba], [1, 2, 3, 255, 4, 5, 6, 255]);
  const map = { shape: [1, 2], data: Float32Array.of(1, -1) };
  assert.deepEqual([...compose({ shape: [0, 0, 3], data: [] }, map, 1, ramp, 0).rgba], [255, 255, 255, 255, 0, 0, 0, 255]);
});

test("opacity 0 shows grey tones only", () => {
  const image = { shape: [1, 1], data: Uint8Array.of(255, 0, 0) };
  assert.deepEqual([...compose(image, { shape: [1, 1], data: Float32Array.of(1) }, 1, ramp, 0).rgba], [76, 76, 76, 255]);
});

test("cells of a grid that is no multiple", () => {
  assert.deepEqual([0, 1, 2, 3, 4].map((c) => cellIndex(0, c, [1, 3], [1, 5])), [0, 0, 1, 1, 2]);
});

test("the longer side is fitted, the ratio kept", () => {
  assert.deepEqual(fitted([40, 64], 192), [192, 120]);
  assert.deepEqual(fitted([0, 0], 192), [192, 192]);
});

test("a thumbnail is cut out of the stack at its own place", () => {
  const images = { shape: [3, 1, 2, 3], data: Uint8Array.from({ length: 18 }, (_, i) => i) };
  assert.deepEqual([...thumbnail(images, 2).rgba], [12, 13, 14, 255, 15, 16, 17, 255]);
});

test("columns are read from where the options stand", () => {
  assert.equal(columnsOf([0, 0, 0, 50, 50]), 3);
  assert.equal(columnsOf([0, 0]), 2);
  assert.equal(columnsOf([]), 1);
});
