import assert from "node:assert/strict";
import test from "node:test";

import { load } from "./modules.mjs";

const network = await load("NetworkView");
const layer = (name, units, more = {}) => {
  const labels = units.map((unit) => `unit ${unit}`);
  return { name, units, labels, total: units.length, rest: null, ...more };
};
const layers = [layer("in", [4, 7, 9]), layer("hidden", [0, 2, 3, 5, 6]), layer("out", [0, 1])];

test("columns begin after one another, lines run from each unit to each of the next column", () => {
  assert.deepEqual(network.startsOf(layers), [0, 3, 8]);
  const lines = network.linesOf(layers);
  assert.equal(lines.length, 3 * 5 + 5 * 2);
  assert.deepEqual(lines[7], { column: 0, from: 1, to: 2, index: 7 });
  assert.deepEqual(lines[15 + 3], { column: 1, from: 1, to: 1, index: 18 });
});

test("columns stand side by side, their units evenly and in the middle", () => {
  const places = network.placesOf(layers, 500, 230, [50, 20, 10]);
  assert.deepEqual(places.map((column) => column[0][0]), [50, 250, 450]);
  assert.deepEqual(places[1].map(([, y]) => y), [40, 80, 120, 160, 200]);
  for (const column of places) assert.equal((column[0][1] + column.at(-1)[1]) / 2, 120);
  assert.deepEqual(network.placesOf([layer("one", [3])], 300, 100, [50, 20, 20]), [[[150, 50]]]);
});

test("the width of a line grows with the size, whatever the sign; the faintest are not drawn", () => {
  const limit = network.largest(Float32Array.of(1, -4, NaN, Infinity));
  assert.equal(limit, 4);
  assert.equal(network.largest(Float32Array.of(0, 0)), 1);
  assert.equal(network.widthOf(-4, limit), 6);
  assert.equal(network.widthOf(2, limit), 3.25);
  assert.equal(network.widthOf(0.03, limit), 0);
  assert.equal(network.widthOf(NaN, limit), 0);
  assert.equal(network.widthOf(99, limit), 6);
});

test("arrow keys lead up and down a column, and to the unit at the same height of the next", () => {
  const go = (key, where) => network.neighbourOf({ key }, where, layers);
  assert.deepEqual(go("ArrowDown", [0, 1]), [0, 2]);
  assert.deepEqual(go("ArrowDown", [0, 2]), [0, 2]);
  assert.deepEqual(go("ArrowUp", [1, 0]), [1, 0]);
  assert.deepEqual(go("ArrowRight", [0, 0]), [1, 1]);
  assert.deepEqual(go("ArrowRight", [1, 4]), [2, 1]);
  assert.deepEqual(go("ArrowLeft", [2, 1]), [1, 3]);
  assert.deepEqual(go("ArrowLeft", [0, 1]), [0, 1]);
  assert.deepEqual(go("End", [1, 2]), [1, 4]);
  assert.deepEqual(go("Home", [1, 2]), [1, 0]);
  assert.equal(go("d", [1, 2]), null);
  assert.equal(network.neighbourOf({ key: "ArrowUp", ctrlKey: true }, [0, 0], layers), null);
});

test("what is not shown is said", () => {
  assert.equal(network.moreOf(layer("a", [1, 2], { total: 86 })), "+ 84 more");
  assert.equal(network.moreOf(layer("a", [1, 2], { total: 86, rest: -0.25 })), "+ 84 more,\ntogether -0.25");
  assert.equal(network.moreOf(layer("a", [1, 2])), "");
});

test("a unit and its strongest lines in words", () => {
  const small = [layer("in", [0, 1]), layer("mid", [5]), layer("out", [0, 1])];
  const activations = Float32Array.of(1, 2, 0.5, -1, 3);
  const relevance = Float32Array.of(0.25, 0, 0.25, 0, 0.25);
  assert.equal(
    network.unitWords(small, [1, 0], activations, relevance),
    "mid, unit 5 · activation 0.5 · relevance 0.25",
  );
  assert.equal(network.unitWords(small, [2, 1], activations, []), "out, unit 1 · activation 3");
  const lines = Float32Array.of(0.5, -2, 0, 4);
  assert.equal(
    network.lineWords(small, [1, 0], lines, "Weight"),
    "Weight on the right: unit 1 4 · Weight on the left: unit 1 -2, unit 0 0.5",
  );
  const strongest = "Weight on the right: unit 1 4 · Weight on the left: unit 1 -2";
  assert.equal(network.lineWords(small, [1, 0], lines, "Weight", 1), strongest);
  assert.equal(network.lineWords(small, [2, 0], lines, "Weight"), "");
});
