// The geometry of a map of points: where they stand on the screen, and which one is meant. No element is touched here.

const MARGIN = 1.06;
const [FARTHEST, NEAREST] = [0.5, 60]; // zoom

export const HOME = { zoom: 1, x: 0, y: 0 };

/** Middle and half the longer side of a square around all finite points of an (N, 2) array. */
export function boundsOf(data) {
  const [low, high] = [[Infinity, Infinity], [-Infinity, -Infinity]];
  for (let i = 0; i + 1 < data.length; i += 2) {
    if (!Number.isFinite(data[i] + data[i + 1])) continue;
    for (const axis of [0, 1]) {
      low[axis] = Math.min(low[axis], data[i + axis]);
      high[axis] = Math.max(high[axis], data[i + axis]);
    }
  }
  if (low[0] > high[0]) return { x: 0, y: 0, half: 1 };
  const half = (MARGIN * Math.max(high[0] - low[0], high[1] - low[1])) / 2;
  return { x: (low[0] + high[0]) / 2, y: (low[1] + high[1]) / 2, half: half || 1 };
}

const radiusOf = ([width, height]) => Math.min(width, height) / 2;

/**
 * Places on a screen of `[width, height]`, x and y in turn, y downwards. The camera is relative to the bounds: a map
 * that grows while it is learned stays in view.
 */
export function project(data, bounds, camera, size) {
  const places = new Float32Array(data.length);
  const unit = (camera.zoom * radiusOf(size)) / bounds.half;
  const left = size[0] / 2 - bounds.x * unit - camera.x * camera.zoom * radiusOf(size);
  const top = size[1] / 2 + bounds.y * unit + camera.y * camera.zoom * radiusOf(size);
  for (let i = 0; i + 1 < data.length; i += 2) {
    places[i] = left + data[i] * unit;
    places[i + 1] = top - data[i + 1] * unit;
  }
  return places;
}

const clamped = (value, low, high) => Math.min(Math.max(value, low), high);

function kept({ zoom, x, y }) {
  return { zoom: clamped(zoom, FARTHEST, NEAREST), x: clamped(x, -1.2, 1.2), y: clamped(y, -1.2, 1.2) };
}

/** The camera after the map was dragged by `[right, down]` pixels. */
export function panned(camera, [right, down], size) {
  const unit = camera.zoom * radiusOf(size);
  return kept({ zoom: camera.zoom, x: camera.x - right / unit, y: camera.y + down / unit });
}

/** The camera zoomed by a factor; the place `[x, y]` of the screen shows what it did before. */
export function zoomedAt(camera, factor, [x, y], size) {
  const zoom = clamped(camera.zoom * factor, FARTHEST, NEAREST);
  const away = [x - size[0] / 2, y - size[1] / 2].map((pixels) => pixels / radiusOf(size));
  const more = 1 / camera.zoom - 1 / zoom;
  return kept({ zoom, x: camera.x + away[0] * more, y: camera.y - away[1] * more });
}

/** The camera moved as little as is needed for a place to be `room` pixels inside the screen. */
export function bringing(camera, [x, y], size, room = 30) {
  const move = [x, y].map((place, axis) => clamped(place, room, size[axis] - room) - place);
  return move[0] || move[1] ? panned(camera, move, size) : camera;
}

/** Index of the point nearest to (x, y) within `reach` pixels, or null. */
export function nearestPoint(places, x, y, reach) {
  let [best, least] = [null, reach * reach];
  for (let i = 0; i + 1 < places.length; i += 2) {
    const away = (places[i] - x) ** 2 + (places[i + 1] - y) ** 2;
    if (away <= least) [best, least] = [i / 2, away];
  }
  return best;
}

/** The next point to the right, left, above or below, as `arrowStep` has it; sideways counts twice. */
export function nextPoint(places, from, [down, right]) {
  let [best, least] = [from, Infinity];
  for (let i = 0; i + 1 < places.length; i += 2) {
    const [x, y] = [places[i] - places[2 * from], places[i + 1] - places[2 * from + 1]];
    const along = right * x + down * y;
    const across = Math.abs(right * y) + Math.abs(down * x);
    if (along > 0 && across <= along && along + 2 * across < least) [best, least] = [i / 2, along + 2 * across];
  }
  return best;
}

/** Whether a point is inside a polygon of x and y in turn, by the even-odd rule. */
export function isInside(polygon, x, y) {
  let inside = false;
  for (let i = 0, j = polygon.length - 2; i < polygon.length; j = i, i += 2) {
    const crosses = polygon[i + 1] > y !== polygon[j + 1] > y;
    const part = (y - polygon[i + 1]) / (polygon[j + 1] - polygon[i + 1]);
    if (crosses && x < polygon[i] + part * (polygon[j] - polygon[i])) inside = !inside;
  }
  return inside;
}

/** Indices of the points inside a lasso. */
export function caught(places, polygon) {
  const found = [];
  for (let i = 0; i + 1 < places.length; i += 2) if (isInside(polygon, places[i], places[i + 1])) found.push(i / 2);
  return found;
}

/** Positions a part of the way from some to others. */
export function between(from, to, part) {
  if (part >= 1 || from.length !== to.length) return to;
  return to.map((value, i) => from[i] + (value - from[i]) * part);
}

/** A letter for each class: one of its own that no class before it has. */
export function lettersOf(names) {
  const taken = new Set();
  return names.map((name) => {
    const own = name.toUpperCase().match(/[\p{L}\p{N}]/gu) ?? [];
    const letter = [...own, ..."ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"].find((each) => !taken.has(each)) ?? "•";
    taken.add(letter);
    return letter;
  });
}

/** An int32 array as it is sent. */
export const encodeIndices = (indices) => ({
  shape: [indices.length],
  dtype: "int32",
  bytes: new DataView(Int32Array.from(indices).buffer),
});
