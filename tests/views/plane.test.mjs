// The plane: contours against functions whose contours are known, lines against their equations.
import assert from "node:assert/strict";
import test from "node:test";
import { load } from "./modules.mjs";

const plane = await load("PlaneView");
const X = [-1, 3];
const Y = [0, 2];

/** A function sampled in the middle of cells, row 0 at the top. */
function sampled(rows, columns, f) {
  const at = (i) => [X[0] + ((i % columns) + 0.5) * ((X[1] - X[0]) / columns), Y[1] - (Math.floor(i / columns) + 0.5) * ((Y[1] - Y[0]) / rows)];
  return { shape: [rows, columns], data: Float64Array.from({ length: rows * columns }, (_, i) => f(...at(i))) };
}

const points = (segments) => segments.flatMap(([x0, y0, x1, y1]) => [[x0, y0], [x1, y1]]);
const close = (found, wanted, tolerance = 1e-9) => assert.ok(Math.abs(found - wanted) <= tolerance, `${found} is not ${wanted}`);

test("the contour of a linear function is its line, from edge to edge", () => {
  const segments = plane.contourOf(sampled(20, 30, (x, y) => 2 * x - 3 * y), -0.7, X, Y);
  points(segments).forEach(([x, y]) => close(2 * x - 3 * y, -0.7));
  const heights = points(segments).map(([, y]) => y);
  close(Math.min(...heights), 0.05);
  close(Math.max(...heights), 1.95);
});

test("the contour of a cone is a circle of the right length, closed", () => {
  const segments = plane.contourOf(sampled(200, 400, (x, y) => Math.hypot(x - 1, y - 1)), 0.6, X, Y);
  points(segments).forEach(([x, y]) => close(Math.hypot(x - 1, y - 1), 0.6, 1e-3));
  const length = segments.reduce((sum, [x0, y0, x1, y1]) => sum + Math.hypot(x1 - x0, y1 - y0), 0);
  close(length, 2 * Math.PI * 0.6, 0.01);
  const count = new Map();
  points(segments).forEach((point) => {
    const key = point.map((value) => value.toFixed(9)).join();
    count.set(key, (count.get(key) ?? 0) + 1);
  });
  assert.ok([...count.values()].every((times) => times === 2));
});

test("at a saddle the corners that are like the middle stay together", () => {
  const saddle = (values) => plane.contourOf({ shape: [2, 2], data: Float64Array.from(values) }, 0, [0, 2], [0, 2]);
  const cut = (segments) => segments.map(([x0, y0, x1, y1]) => [(x0 + x1) / 2 > 1, (y0 + y1) / 2 > 1]);
  // top left and bottom right are high, and so is the middle: the low corners are cut off
  assert.deepEqual(cut(saddle([3, -1, -1, 3])), [[true, true], [false, false]]);
  // the middle is low: the high corners are cut off
  assert.deepEqual(cut(saddle([1, -3, -3, 1])), [[false, true], [true, false]]);
});

test("there is no contour where the level is not met, and none through what is not finite", () => {
  assert.deepEqual(plane.contourOf(sampled(5, 5, () => 1), 2, X, Y), []);
  const holed = sampled(4, 4, (x) => x - 1);
  holed.data[5] = NaN;
  const whole = plane.contourOf(sampled(4, 4, (x) => x - 1), 0, X, Y);
  assert.equal(whole.length, 3);
  assert.equal(plane.contourOf(holed, 0, X, Y).length, 1);
});

test("a line is cut where the rectangle ends", () => {
  for (const line of [[1, 1, 1], [2, -3, 0.1], [0, 1, 0.5], [1, 0, 2.5], [-1, 5, 4]]) {
    const [x0, y0, x1, y1] = plane.lineWithin(line, X, Y);
    for (const [x, y] of [[x0, y0], [x1, y1]]) {
      close(line[0] * x + line[1] * y, line[2]);
      assert.ok(x >= X[0] - 1e-9 && x <= X[1] + 1e-9 && y >= Y[0] - 1e-9 && y <= Y[1] + 1e-9);
      const edge = Math.min(x - X[0], X[1] - x, y - Y[0], Y[1] - y);
      close(edge, 0);
    }
  }
});

test("a line beside the rectangle, or none at all, is not drawn", () => {
  for (const line of [[1, 1, 9], [0, 1, 3], [1, 0, -2], [0, 0, 1], [NaN, 1, 0]]) {
    assert.equal(plane.lineWithin(line, X, Y), null);
  }
});

test("keys move by a hundredth of each range, with Shift by four, and stop at the edge", () => {
  const move = (key, point, more = {}) => plane.movedPoint({ key, ...more }, point, [X, Y]);
  assert.deepEqual(move("ArrowRight", [0, 1]), [0.04, 1]);
  assert.deepEqual(move("ArrowUp", [0, 1]), [0, 1.02]);
  assert.deepEqual(move("ArrowDown", [0, 1], { shiftKey: true }), [0, 0.92]);
  assert.deepEqual(move("ArrowLeft", [-0.99, 1]), [-1, 1]);
  assert.equal(move("Enter", [0, 1]), null);
  assert.equal(move("ArrowUp", [0, 1], { ctrlKey: true }), null);
});

test("the value at a point is that of its cell", () => {
  const field = { shape: [2, 4], data: Float32Array.from([0, 1, 2, 3, 4, 5, 6, 7]) };
  assert.equal(plane.valueAt(field, [-0.9, 1.9], X, Y), 0);
  assert.equal(plane.valueAt(field, [2.9, 0.1], X, Y), 7);
  assert.equal(plane.valueAt(field, [0.5, 0.5], X, Y), 5);
  assert.equal(plane.valueAt(field, [9, -9], X, Y), 7);
  assert.ok(Number.isNaN(plane.valueAt({ shape: [0, 0], data: [] }, [0, 0], X, Y)));
});

test("shapes are of about one size: their area is that of a circle", () => {
  for (const kind of [1, 2, 3]) {
    const corners = plane.shapeOf(kind, 10).slice(1, -1).split("L").map((pair) => pair.split(",").map(Number));
    const area = corners.reduce((sum, [x, y], i) => {
      const [nextX, nextY] = corners[(i + 1) % corners.length];
      return sum + (x * nextY - nextX * y) / 2;
    }, 0);
    close(Math.abs(area), Math.PI * 100, 25);
  }
  assert.match(plane.shapeOf(0, 4), /^M-4.00,0a4.00,4.00/);
});

test("the axes end where the limits do", () => {
  const { scales, box, ticks } = plane.planeLayout([X, Y], 400, 300);
  assert.deepEqual([scales[0](-1), scales[0](3)], [box.left, box.right]);
  assert.deepEqual([scales[1](0), scales[1](2)], [box.bottom, box.top]);
  assert.ok(ticks[0].every((tick) => tick >= -1 && tick <= 3) && ticks[0].length > 1);
});
