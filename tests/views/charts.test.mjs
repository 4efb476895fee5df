import assert from "node:assert/strict";
import test from "node:test";

import { load } from "./modules.mjs";

const bars = await load("BarsView");
const curves = await load("CurvesView");
const status = await load("StatusView");

test("sorted rows run from the largest, NaN last, ties in order; given rows stay", () => {
  const values = Float32Array.of(1, NaN, 3, -2, 3);
  assert.deepEqual(bars.rowsOf(values, "sorted", 0), [2, 4, 0, 3, 1]);
  assert.deepEqual(bars.rowsOf(values, "sorted", 2), [2, 4]);
  assert.deepEqual(bars.rowsOf(values, "given", 0), [0, 1, 2, 3, 4]);
});

test("the scale holds zero and all values, or is the one given", () => {
  assert.deepEqual(bars.scaleOf([2, 4, NaN], null), [0, 4]);
  assert.deepEqual(bars.scaleOf([-2, -4], null), [-4, 0]);
  assert.deepEqual(bars.scaleOf([0, 0], null), [0, 1]);
  assert.deepEqual(bars.scaleOf([2], [0, 1]), [0, 1]);
});

test("negative bars run to the left of zero, and no bar leaves the scale", () => {
  assert.deepEqual(bars.barOf(-1, [-1, 3]), { left: 0, width: 25, zero: 25 });
  assert.deepEqual(bars.barOf(1, [-1, 3]), { left: 25, width: 25, zero: 25 });
  assert.deepEqual(bars.barOf(9, [-1, 3]), { left: 25, width: 75, zero: 25 });
  assert.deepEqual(bars.barOf(NaN, [-1, 3]), { left: 25, width: 0, zero: 25 });
  assert.deepEqual(bars.barOf(3, [1, 5]), { left: 0, width: 50, zero: 0 });
});

test("the scale holds error bars and marks too; no error or no mark changes nothing", () => {
  assert.deepEqual(bars.scaleOf([2, 4], null, [1, 3], [NaN, 9]), [0, 9]);
  assert.deepEqual(bars.scaleOf([2, -1], null, [NaN, 3]), [-4, 2]);
  assert.deepEqual(bars.scaleOf([2, 4], null, [], [-2]), [-2, 4]);
  assert.deepEqual(bars.scaleOf([2, 4], null, [0.5]), [0, 4]);
});

test("an error bar reaches as far to both sides as it says, and ends at the edge of the scale", () => {
  assert.deepEqual(bars.errorOf(1, 0.5, [0, 4]), { left: 12.5, width: 25 });
  assert.deepEqual(bars.errorOf(-1, 1, [-4, 4]), { left: 25, width: 25 });
  assert.deepEqual(bars.errorOf(3, 2, [0, 4]), { left: 25, width: 75 });
  assert.equal(bars.errorOf(1, NaN, [0, 4]), null);
  assert.equal(bars.errorOf(NaN, 1, [0, 4]), null);
});

test("numbers of bars: digits, percent, no minus zero", () => {
  assert.equal(bars.written(1.2345, 2, "number"), "1.23");
  assert.equal(bars.written(0.256, 1, "percent"), "25.6 %");
  assert.equal(bars.written(-0.001, 2, "number"), "0.00");
  assert.equal(bars.written(-0.0001, 0, "percent"), "0 %");
  assert.equal(bars.written(NaN, 2, "number"), "not a number");
});

test("ticks are round and inside", () => {
  assert.deepEqual(curves.ticksOf([-1, 1], 4), [-1, -0.5, 0, 0.5, 1]);
  assert.deepEqual(curves.ticksOf([0, 64], 5), [0, 20, 40, 60]);
  assert.deepEqual(curves.ticksOf([0.013, 0.029], 4), [0.015, 0.02, 0.025]);
  assert.deepEqual(curves.tickLabels([0.015, 0.02, 0.025]), ["0.015", "0.020", "0.025"]);
  assert.deepEqual(curves.tickLabels([0, 2.5, 5]), ["0.0", "2.5", "5.0"]);
  assert.deepEqual(curves.tickLabels([0, 20, 40]), ["0", "20", "40"]);
});

test("limits skip what is not finite and are never empty", () => {
  assert.deepEqual(curves.extentOf([1, NaN, 3, Infinity]), [1, 3]);
  assert.deepEqual(curves.extentOf([0, 10], 0.1), [-1, 11]);
  assert.deepEqual(curves.extentOf([NaN]), [0, 1]);
  assert.deepEqual(curves.extentOf([0, 0]), [-0.5, 0.5]);
});

test("a gap in a curve begins a new line", () => {
  const same = (v) => v;
  assert.equal(curves.pathOf([0, 1, 2, 3], [5, NaN, 6, 7], same, same), "M0.00,5.00M2.00,6.00L3.00,7.00");
});

test("a band lies around each stretch of a curve", () => {
  const same = (v) => v;
  const path = curves.bandOf([0, 1, 2, 3, 4], [5, 6, NaN, 7, 8], [1, 2, 1, 0, NaN], same, same);
  assert.equal(path, "M0.00,6.00L1.00,8.00L1.00,4.00L0.00,4.00Z");
  assert.equal(curves.bandOf([0, 1], [5, 6], [NaN, NaN], same, same), "");
});

test("the limits of the scale hold the bands", () => {
  assert.deepEqual(curves.extentOf(curves.endsOf([1, 3], [2, NaN])), [-1, 3]);
  assert.deepEqual(curves.extentOf(curves.endsOf([1, 3], [])), [1, 3]);
});

test("labels are moved apart, keep their order and stay inside", () => {
  assert.deepEqual(curves.spread([50, 48, 100], 16, [0, 110]), [64, 48, 100]);
  assert.deepEqual(curves.spread([100, 100], 16, [0, 105]), [89, 105]);
});

test("the marker reads the nearest point, the label stands at the last finite one", () => {
  assert.equal(curves.nearestIndex(Float32Array.of(0, 1, 4), 2.4), 1);
  assert.equal(curves.lastFinite(Float32Array.of(1, 2, NaN)), 1);
  assert.equal(curves.lastFinite(Float32Array.of(NaN)), -1);
  const series = { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) };
  assert.equal(curves.readoutAt(1, Float32Array.of(0, 8, 9), series, ["a", "b"], "steps"), "steps 8: a 2 · b 5");
  const bands = Float32Array.of(0, 0.25, 0, 0, NaN, 0);
  assert.equal(curves.readoutAt(1, Float32Array.of(0, 8, 9), series, ["a", "b"], "", bands), "x 8: a 2 ± 0.25 · b 5");
});

test("times and errors of the status line", () => {
  assert.deepEqual([null, 1.234, 23.4, 1234, 12345].map(status.written), ["", "1.2 ms", "23 ms", "1.2 s", "12 s"]);
  assert.deepEqual(status.split("x is wrong\n  at a\n  at b\n"), { first: "x is wrong", details: "  at a\n  at b" });
  assert.deepEqual(status.split(""), { first: "", details: "" });
});
