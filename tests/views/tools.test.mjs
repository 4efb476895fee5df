import assert from "node:assert/strict";
import test from "node:test";

import { load } from "./modules.mjs";

const tools = await load("ImageView");
const grid = [4, 6];

test("the corners of the drawing are the corners of the grid, points outside the nearest cell", () => {
  const at = (x, y) => tools.cellAt(x, y, 192, 128, grid);
  assert.deepEqual(at(0, 0), [0, 0]);
  assert.deepEqual(at(191.9, 127.9), [3, 5]);
  assert.deepEqual(at(32, 127), [3, 1]);
  assert.deepEqual(at(-20, 500), [3, 0]);
});

test("the cursor stops at the border", () => {
  assert.deepEqual(tools.movedCell([0, 5], [-1, 1], grid), [0, 5]);
  assert.deepEqual(tools.movedCell([1, 1], [1, 0], grid), [2, 1]);
});

test("a box holds both its cells, in whichever direction it was drawn", () => {
  assert.deepEqual(tools.boxBetween([3, 1], [1, 4]), [1, 1, 4, 5]);
  assert.deepEqual(tools.boxBetween([2, 2], [2, 2]), [2, 2, 3, 3]);
});

test("an offset is whole, at most half the picture, and never minus zero", () => {
  assert.deepEqual(tools.clampedOffset([1.4, -2.6], grid), [1, -3]);
  assert.deepEqual(tools.clampedOffset([9, -9], grid), [2, -3]);
  assert.ok(Object.is(tools.clampedOffset([-0.2, 0], grid)[0], 0));
});

const picture = (mask) => [0, 1, 2, 3].map((r) => mask.slice(6 * r, 6 * r + 6).join(""));

test("a disc is round and cut at the border", () => {
  const mask = new Uint8Array(24);
  tools.paintDisc(mask, grid, [1, 5], 1, 1);
  assert.deepEqual(picture(mask), ["000001", "000011", "000001", "000000"]);
  tools.paintDisc(mask, grid, [0, 5], 0.5, 0);
  assert.deepEqual(picture(mask), ["000000", "000011", "000001", "000000"]);
});

test("a fast stroke leaves no gap", () => {
  const mask = new Uint8Array(24);
  tools.paintStroke(mask, grid, [0, 0], [3, 5], 0.5, 1);
  const columns = [0, 1, 2, 3, 4, 5].map((c) => [0, 1, 2, 3].some((r) => mask[6 * r + c]));
  assert.ok(columns.every(Boolean), picture(mask).join("\n"));
});

test("the contour of a mask encloses it, joined to the longest lines", () => {
  const data = Uint8Array.from([0, 0, 0, 0, 0, 0, /**/ 0, 1, 1, 1, 0, 0, /**/ 0, 1, 1, 1, 0, 0, /**/ 0, 0, 0, 0, 0, 0]);
  const segments = tools.contour({ shape: grid, data }).map(String).sort();
  assert.deepEqual(segments, ["1,1,1,4", "1,1,3,1", "1,4,3,4", "3,1,3,4"]);
});

test("the contour of a hole and of a mask at the border", () => {
  const ring = Uint8Array.from([1, 1, 1, 1, 0, 1, 1, 1, 1]);
  const segments = tools.contour({ shape: [3, 3], data: ring });
  assert.equal(segments.length, 8);
  assert.ok(segments.map(String).includes("1,1,2,1"));
  assert.deepEqual(tools.contour({ shape: [0, 0], data: new Uint8Array(0) }), []);
});

test("borders of regions run between them and not around, joined to the longest lines", () => {
  const data = Int32Array.from([0, 0, 1, 1, 1, 1, /**/ 0, 0, 1, 1, 1, 1, /**/ 7, 7, 7, 7, 7, 7, /**/ 7, 7, 7, 7, 7, 7]);
  assert.deepEqual(tools.borders({ shape: grid, data }).map(String).sort(), ["0,2,2,2", "2,0,2,6"]);
  assert.deepEqual(tools.borders({ shape: grid, data: new Int32Array(24) }), []);
});

test("a window begins half its size before its middle and is cut at the border", () => {
  const at = (...window) => picture([...tools.windowMask(grid, ...window).data]);
  assert.deepEqual(at([2, 2], 2, "square"), ["000000", "011000", "011000", "000000"]);
  assert.deepEqual(at([1, 5], 3, "square"), ["000011", "000011", "000011", "000000"]);
  assert.deepEqual(at([1, 2], 5, "disc"), ["111110", "111110", "111110", "011100"]);
  assert.deepEqual(at([2, 3], 4, "disc"), ["001100", "011110", "011110", "001100"]);
});

test("a fill is seen where the mask is set, and the image keeps its own pixels", () => {
  const [image, fill] = [0, 100].map((from) => ({ shape: [1, 2, 3], data: Uint8Array.from([1, 2, 3, 4, 5, 6], (v) => v + from) }));
  const shown = tools.replaced(image, fill, { shape: [1, 2], data: Uint8Array.of(0, 1) });
  assert.deepEqual([...shown.data], [1, 2, 3, 104, 105, 106]);
  assert.deepEqual([...image.data], [1, 2, 3, 4, 5, 6]);
});

test("the place of a window is told in words", () => {
  assert.equal(tools.windowText(null), "");
  assert.equal(tools.windowText([3, 0]), "window: row 3, column 0");
});

test("a way is told in words", () => {
  assert.equal(tools.movedText([0, 0]), "");
  assert.equal(tools.movedText([-8, 3]), "moved 8 up, 3 right");
  assert.equal(tools.movedText([1, 0]), "moved 1 down");
  assert.equal(tools.movedText([0, -4]), "moved 4 left");
});

test("the read-out names pixel, and value or colour", () => {
  const image = { shape: [2, 3, 3], data: Uint8Array.from({ length: 18 }, (_, i) => i) };
  const map = { shape: [1, 3], data: Float32Array.of(0, 0.01234, -1) };
  const none = { shape: [0, 0], data: [] };
  assert.equal(tools.readout([1, 1], image, map, [2, 3]), "row 1, column 1 · value 0.0123");
  assert.equal(tools.readout([1, 2], image, none, [2, 3]), "row 1, column 2 · colour 15, 16, 17");
  const regions = { shape: [2, 1], data: Int32Array.of(4, 9) };
  assert.equal(tools.readout([1, 1], image, map, [2, 3], regions), "row 1, column 1 · region 9 · value 0.0123");
});
