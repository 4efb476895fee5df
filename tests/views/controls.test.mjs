import assert from "node:assert/strict";
import test from "node:test";

import { load } from "./modules.mjs";

const controls = await load("ControlsView");
const steps = { minimum: 1, maximum: 256, log: true, integer: true };

test("a logarithmic slider of whole numbers has each stop once, from end to end", () => {
  const stops = controls.stopsOf(steps);
  assert.deepEqual([stops[0], stops.at(-1)], [1, 256]);
  assert.deepEqual(stops, [...new Set(stops)].sort((a, b) => a - b));
  assert.ok([2, 4, 8, 16, 32, 64, 128].every((power) => stops.includes(power)), String(stops));
});

test("a logarithmic slider of numbers has equal ratios", () => {
  const stops = controls.stopsOf({ minimum: 0.001, maximum: 1 });
  assert.equal(stops.length, 65);
  assert.ok(stops.slice(1).every((stop, i) => Math.abs(stop / stops[i] / 1000 ** (1 / 64) - 1) < 0.01));
  assert.equal(stops[32], 0.0316);
});

test("the slider of a value between two stops stands at the nearer", () => {
  assert.equal(controls.nearest([1, 10, 100], 30), 1);
  assert.equal(controls.nearest([1, 10, 100], 33), 2);
});

test("steps of linear sliders", () => {
  assert.equal(controls.stepOf({ minimum: 0, maximum: 1, step: 0.25 }), 0.25);
  assert.equal(controls.stepOf({ minimum: 0, maximum: 9, integer: true }), 1);
  assert.equal(controls.stepOf({ minimum: 0, maximum: 0.5 }), 0.005);
});

test("a typed number is clamped, rounded where whole, and refused where it is none", () => {
  const range = { minimum: 0, maximum: 10 };
  assert.equal(controls.typed(" 2,5 ", range), 2.5);
  assert.equal(controls.typed("99", range), 10);
  assert.equal(controls.typed("-1e3", range), 0);
  assert.equal(controls.typed("2.6", { ...range, integer: true }), 3);
  for (const text of ["", " ", "three", "1e999", "NaN"]) assert.equal(controls.typed(text, range), null, text);
});

test("choices keep the order of the options and stop at the maximum", () => {
  const options = ["a", "b", "c"];
  assert.deepEqual(controls.toggled(["c"], "a", options, 2), ["a", "c"]);
  assert.deepEqual(controls.toggled(["a", "c"], "b", options, 2), ["a", "c"]);
  assert.deepEqual(controls.toggled(["a", "c"], "a", options, 2), ["c"]);
  assert.deepEqual(controls.toggled(["a", "b"], "c", options, 0), options);
});

test("few short options are segments, others a list", () => {
  assert.ok(controls.isSegmented(["left", "middle", "right"]));
  assert.ok(!controls.isSegmented(["1", "2", "3", "4", "5"]));
  assert.ok(!controls.isSegmented(["a rather long option", "another long option"]));
});
