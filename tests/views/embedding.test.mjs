// The map of points: geometry against its own inverse and against slow forms, sprites against the pixels they come from.
import assert from "node:assert/strict";
import test from "node:test";
import { load } from "./modules.mjs";

const map = await load("EmbeddingView");
const SIZE = [400, 300];
const close = (found, wanted, tolerance = 1e-4) => assert.ok(Math.abs(found - wanted) <= tolerance, `${found} is not ${wanted}`);

/** Numbers in [0, 1) from a seed. */
function random(seed) {
  let state = seed;
  return () => (state = (state * 16807) % 2147483647) / 2147483647;
}

const cloud = (count, seed = 1) => Float32Array.from({ length: 2 * count }, ((next) => () => 20 * next() - 7)(random(seed)));

test("all points are on the screen, at one scale for both axes, y upwards", () => {
  const data = cloud(50);
  const places = map.project(data, map.boundsOf(data), map.HOME, SIZE);
  for (let i = 0; i < places.length; i += 2) {
    assert.ok(places[i] > 0 && places[i] < SIZE[0] && places[i + 1] > 0 && places[i + 1] < SIZE[1]);
  }
  const unit = (places[2] - places[0]) / (data[2] - data[0]);
  close((places[3] - places[1]) / (data[3] - data[1]), -unit, 1e-3);
  const wide = Math.max(...places) - Math.min(...places.filter((_, i) => i % 2 === 0));
  assert.ok(wide > 200);
});

test("bounds leave out what is not finite, and one place alone has some", () => {
  const bounds = map.boundsOf(Float32Array.from([NaN, 3, 1, 2, 5, 4, Infinity, 0]));
  assert.deepEqual([bounds.x, bounds.y], [3, 3]);
  close(bounds.half, 1.06 * 2);
  assert.deepEqual(map.boundsOf(Float32Array.from([7, 7, 7, 7])), { x: 7, y: 7, half: 1 });
  assert.deepEqual(map.boundsOf(new Float32Array(0)), { x: 0, y: 0, half: 1 });
});

test("what is dragged stays under the pointer, and so does what is zoomed at", () => {
  const data = cloud(10);
  const bounds = map.boundsOf(data);
  const places = (camera) => map.project(data, bounds, camera, SIZE);
  const before = places({ zoom: 2, x: 0.1, y: -0.2 });
  const moved = places(map.panned({ zoom: 2, x: 0.1, y: -0.2 }, [30, -12], SIZE));
  before.forEach((place, i) => close(moved[i], place + [30, -12][i % 2], 1e-3));
  const at = [before[6], before[7]];
  const zoomed = places(map.zoomedAt({ zoom: 2, x: 0.1, y: -0.2 }, 1.7, at, SIZE));
  close(zoomed[6], at[0], 1e-2);
  close(zoomed[7], at[1], 1e-2);
  close((zoomed[2] - zoomed[0]) / (before[2] - before[0]), 1.7, 1e-3);
});

test("zoom and place of the camera have limits", () => {
  assert.equal(map.zoomedAt(map.HOME, 1e9, [200, 150], SIZE).zoom, 60);
  assert.equal(map.zoomedAt(map.HOME, 1e-9, [200, 150], SIZE).zoom, 0.5);
  assert.equal(map.panned(map.HOME, [-1e6, 0], SIZE).x, 1.2);
});

test("a point outside comes into view by the shortest way, one inside moves nothing", () => {
  const camera = { zoom: 3, x: 0, y: 0 };
  assert.equal(map.bringing(camera, [200, 100], SIZE), camera);
  const data = Float32Array.from([0, 0, 10, 10]);
  const before = map.project(data, map.boundsOf(data), camera, SIZE);
  const after = map.project(data, map.boundsOf(data), map.bringing(camera, before.subarray(2), SIZE), SIZE);
  close(after[2], SIZE[0] - 30, 1e-2);
  close(after[3], 30, 1e-2);
});

test("the point under the pointer is the nearest within reach", () => {
  const places = cloud(200, 3).map((value) => 10 * value);
  for (const [x, y] of [[10, 20], [-30, 100], [55.5, 1.25]]) {
    const away = Array.from({ length: 200 }, (_, i) => Math.hypot(places[2 * i] - x, places[2 * i + 1] - y));
    const least = Math.min(...away);
    assert.equal(map.nearestPoint(places, x, y, Infinity), away.indexOf(least));
    assert.equal(map.nearestPoint(places, x, y, least - 0.01), null);
  }
});

test("an arrow goes to a near point on its side, and back; at the edge it stays", () => {
  const places = Float32Array.from([0, 0, 10, 4, 11, -1, 30, 0, 0, 20, -15, 14]);
  assert.equal(map.nextPoint(places, 0, [0, 1]), 2);
  assert.equal(map.nextPoint(places, 0, [1, 0]), 4);
  assert.equal(map.nextPoint(places, 0, [0, -1]), 5);
  assert.equal(map.nextPoint(places, 2, [0, -1]), 0);
  assert.equal(map.nextPoint(places, 3, [0, 1]), 3);
});

test("arrows lead from one point to nearly every other", () => {
  const places = cloud(60, 5);
  const seen = new Set([0]);
  const open = [0];
  while (open.length) {
    const from = open.pop();
    for (const arrow of [[0, 1], [0, -1], [1, 0], [-1, 0]]) {
      const next = map.nextPoint(places, from, arrow);
      if (!seen.has(next)) open.push(next);
      seen.add(next);
    }
  }
  assert.ok(seen.size >= 57, `${seen.size} of 60`);
});

test("a lasso catches what a winding number says", () => {
  const next = random(9);
  const star = Float32Array.from({ length: 22 }, (_, i) => {
    const [angle, radius] = [(2 * Math.PI * Math.floor(i / 2)) / 11, Math.floor(i / 2) % 2 ? 3 : 9];
    return radius * (i % 2 ? Math.sin(angle) : Math.cos(angle)) + 0.01 * next();
  });
  const turns = (x, y) => {
    let sum = 0;
    for (let i = 0; i < 22; i += 2) {
      const [a, b] = [Math.atan2(star[i + 1] - y, star[i] - x), Math.atan2(star[(i + 3) % 22] - y, star[(i + 2) % 22] - x)];
      sum += ((b - a + 3 * Math.PI) % (2 * Math.PI)) - Math.PI;
    }
    return Math.abs(Math.round(sum / (2 * Math.PI)));
  };
  const places = cloud(400, 11);
  const wanted = Array.from({ length: 400 }, (_, i) => i).filter((i) => turns(places[2 * i], places[2 * i + 1]));
  assert.ok(wanted.length > 30 && wanted.length < 370);
  assert.deepEqual(map.caught(places, star), wanted);
});

test("positions glide in a straight line, and jump where their number changes", () => {
  const [from, to] = [Float32Array.from([0, 10]), Float32Array.from([4, -10])];
  assert.deepEqual([...map.between(from, to, 0.25)], [1, 5]);
  assert.equal(map.between(from, to, 1), to);
  assert.equal(map.between(new Float32Array(4), to, 0.1), to);
});

test("each class has a letter of its own, if possible one of its name", () => {
  assert.deepEqual(map.lettersOf(["0", "1", "9"]), ["0", "1", "9"]);
  assert.deepEqual(map.lettersOf(["boat", "bus", "balloon", "b", "ß"]), ["B", "U", "A", "C", "S"]);
  const many = map.lettersOf(Array.from({ length: 36 }, () => "same"));
  assert.equal(new Set(many).size, 36);
});

test("indices are sent as int32", () => {
  const { shape, data } = map.decode(map.encodeIndices([3, 70000]));
  assert.deepEqual([shape, [...data], data.constructor], [[2], [3, 70000], Int32Array]);
});

test("a smaller sprite holds means, a larger one repeats, each in the picture's proportions", () => {
  const next = random(2);
  const images = { shape: [3, 8, 4, 3], data: Uint8Array.from({ length: 288 }, () => 256 * next()) };
  const half = map.pictureSprite(images, 1, 4);
  assert.deepEqual([half.rows, half.columns], [4, 2]);
  for (let r = 0; r < 4; r += 1) {
    for (let c = 0; c < 2; c += 1) {
      for (let k = 0; k < 3; k += 1) {
        const value = (dr, dc) => images.data[96 + 3 * ((2 * r + dr) * 4 + 2 * c + dc) + k];
        close(half.data[4 * (2 * r + c) + k], (value(0, 0) + value(0, 1) + value(1, 0) + value(1, 1)) / 4, 0.51);
      }
    }
  }
  const double = map.pictureSprite(images, 2, 16);
  for (let i = 0; i < 16 * 8; i += 1) {
    const source = 192 + 3 * (Math.floor(i / 16) * 4 + Math.floor((i % 8) / 2));
    assert.deepEqual([...double.data.subarray(4 * i, 4 * i + 4)], [...images.data.subarray(source, source + 3), 255]);
  }
});

test("ink takes a colour, and black paper is see-through", () => {
  const images = { shape: [1, 1, 3, 3], data: Uint8Array.from([0, 0, 0, 255, 255, 255, 100, 100, 100]) };
  const { data } = map.pictureSprite(images, 0, 3, [10, 20, 30]);
  assert.deepEqual([...data], [10, 20, 30, 0, 10, 20, 30, 255, 10, 20, 30, 100]);
});

test("a frame is around the picture, which stays", () => {
  const images = { shape: [1, 24, 24, 3], data: new Uint8Array(24 * 24 * 3).fill(9) };
  const { data } = map.framed(map.pictureSprite(images, 0, 24), [1, 2, 3]);
  const at = (r, c) => [...data.subarray(4 * (24 * r + c), 4 * (24 * r + c) + 3)];
  assert.deepEqual([at(0, 12), at(1, 12), at(2, 12), at(12, 22), at(12, 21)], [[1, 2, 3], [1, 2, 3], [9, 9, 9], [1, 2, 3], [9, 9, 9]]);
});

test("the shapes differ, and forty classes differ in colour or shape", () => {
  const masks = [0, 1, 2, 3, 4].map((kind) => map.markSprite(kind, 12, [0, 0, 0]).data.filter((_, i) => i % 4 === 3).join());
  assert.equal(new Set(masks).size, 5);
  const kinds = Array.from({ length: 40 }, (_, label) => `${map.shapeOfClass(label)} ${label % 8}`);
  assert.equal(new Set(kinds).size, 40);
  const disc = map.markSprite(0, 40, [0, 0, 0]).data.filter((_, i) => i % 4 === 3).reduce((sum, alpha) => sum + alpha / 255, 0);
  close(disc, Math.PI * 18 ** 2, 10);
});

test("a sprite is laid over the pixels as the formula of opacity says, and cut off at the edges", () => {
  const next = random(4);
  const sprite = map.emptySprite(5, 5);
  sprite.data.forEach((_, i) => (sprite.data[i] = 256 * next()));
  sprite.data[3] = 255;
  for (const [x, y, opacity] of [[3, 3, 1], [0, 0, 1], [7, 5, 1], [3, 3, 0.25], [-9, 2, 1]]) {
    const target = map.emptySprite(6, 8);
    target.data.forEach((_, i) => (target.data[i] = i % 4 === 3 ? 255 : 256 * next()));
    const before = target.data.slice();
    map.blit(target, sprite, x, y, opacity);
    for (let r = 0; r < 6; r += 1) {
      for (let c = 0; c < 8; c += 1) {
        const [sr, sc] = [r - Math.round(y - 2.5), c - Math.round(x - 2.5)];
        const within = sr >= 0 && sr < 5 && sc >= 0 && sc < 5;
        for (let k = 0; k < 3; k += 1) {
          const below = before[4 * (8 * r + c) + k];
          const alpha = within ? (opacity * sprite.data[4 * (5 * sr + sc) + 3]) / 255 : 0;
          const above = within ? sprite.data[4 * (5 * sr + sc) + k] : 0;
          close(target.data[4 * (8 * r + c) + k], below + alpha * (above - below), 2);
        }
        assert.equal(target.data[4 * (8 * r + c) + 3], 255);
      }
    }
  }
});

test("points grow with the zoom, but slower than the map, and shrink with their number", () => {
  assert.ok(map.spriteSize(10, 4) === 20 && map.spriteSize(10, 1) === 10);
  assert.ok(map.spriteSize(32, 60) <= 96);
  assert.ok(map.sizeFor(10000, 480, 480) >= 7 && map.sizeFor(10, 480, 480) <= 32);
  assert.ok(map.sizeFor(400, 480, 480) > map.sizeFor(2000, 480, 480));
});
