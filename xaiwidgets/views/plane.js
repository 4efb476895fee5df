// The geometry of a plane of two numbers; no element is touched here.

/** Where the line between two corners reaches the level: 0 at the first, 1 at the second. */
const share = (from, to, level) => (level - from) / (to - from);

/**
 * Segments `[x0, y0, x1, y1]` along which a field, sampled in the middle of its cells with row 0 at the top, has the
 * level: marching squares. A cell with a value that is not finite has none.
 */
export function contourOf({ shape: [rows, columns], data }, level, [left, right], [bottom, top]) {
  const x = (column) => left + ((column + 0.5) / columns) * (right - left);
  const y = (row) => top - ((row + 0.5) / rows) * (top - bottom);
  const segments = [];
  for (let r = 0; r + 1 < rows; r += 1) {
    for (let c = 0; c + 1 < columns; c += 1) {
      const at = r * columns + c;
      const corners = [data[at], data[at + 1], data[at + columns + 1], data[at + columns]]; // clockwise
      if (!corners.every(Number.isFinite)) continue;
      const crossings = crossingsOf(corners, level).map(([i, part]) => {
        const [along, across] = [[c + part, r], [c + 1, r + part], [c + 1 - part, r + 1], [c, r + 1 - part]][i];
        return [x(along), y(across)];
      });
      for (let i = 0; i + 1 < crossings.length; i += 2) segments.push([...crossings[i], ...crossings[i + 1]]);
    }
  }
  return segments;
}

/** Which sides of a cell the level crosses, and where; in pairs that belong together. */
function crossingsOf(corners, level) {
  const above = corners.map((value) => value >= level);
  const found = [];
  for (let i = 0; i < 4; i += 1) {
    const next = (i + 1) % 4;
    if (above[i] !== above[next]) found.push([i, share(corners[i], corners[next], level)]);
  }
  if (found.length < 4) return found;
  // A saddle: the corners that are like the middle are joined through it.
  const middle = corners.reduce((sum, value) => sum + value, 0) / 4 >= level;
  return middle === above[0] ? found : [found[3], ...found.slice(0, 3)];
}

/** The part `[x0, y0, x1, y1]` of the line `a x + b y = c` inside a rectangle; null: it passes by. */
export function lineWithin([a, b, c], [left, right], [bottom, top]) {
  const size = a * a + b * b;
  if (!(size > 0) || ![a, b, c].every(Number.isFinite)) return null;
  const [px, py] = [(a * c) / size, (b * c) / size]; // a point of the line, and the line is point + t (-b, a)
  let [low, high] = [-Infinity, Infinity];
  for (const [start, step, from, to] of [[px, -b, left, right], [py, a, bottom, top]]) {
    if (step === 0) {
      if (start < from || start > to) return null;
      continue;
    }
    const ends = [(from - start) / step, (to - start) / step];
    low = Math.max(low, Math.min(...ends));
    high = Math.min(high, Math.max(...ends));
  }
  return low < high ? [px - b * low, py + a * low, px - b * high, py + a * high] : null;
}

/** SVG path of a shape of about the area of a circle of this radius, around the origin. */
export function shapeOf(kind, radius) {
  const f = (value) => value.toFixed(2);
  const polygon = (points) => `M${points.map(([x, y]) => `${f(x * radius)},${f(y * radius)}`).join("L")}Z`;
  if (kind === 1) return polygon([[-0.89, -0.89], [0.89, -0.89], [0.89, 0.89], [-0.89, 0.89]]);
  if (kind === 2) return polygon([[0, -1.45], [1.3, 0.85], [-1.3, 0.85]]);
  if (kind === 3) return polygon([[0, -1.25], [1.25, 0], [0, 1.25], [-1.25, 0]]);
  return `M${f(-radius)},0a${f(radius)},${f(radius)} 0 1 0 ${f(2 * radius)},0a${f(radius)},${f(radius)} 0 1 0 ${f(-2 * radius)},0Z`;
}

/** A point kept within the limits. */
export function keptWithin(point, limits) {
  return point.map((value, axis) => Math.min(Math.max(value, limits[axis][0]), limits[axis][1]));
}

/** Where a key moves the point: by a hundredth of the range, with Shift by four; null: no such key. */
export function movedPoint(event, point, limits) {
  const step = arrowStep(event);
  if (!step) return null;
  const far = event.shiftKey ? 0.04 : 0.01;
  const [right, up] = [step[1], -step[0]];
  const way = [right, up].map((sign, axis) => sign * far * (limits[axis][1] - limits[axis][0]));
  return keptWithin(point.map((value, axis) => Number((value + way[axis]).toPrecision(12))), limits);
}

/** Value of the field at a point: that of its cell; NaN where there is none. */
export function valueAt({ shape: [rows, columns], data }, [x, y], [left, right], [bottom, top]) {
  if (!data.length) return NaN;
  const cell = (part, count) => Math.min(Math.max(Math.floor(part * count), 0), count - 1);
  return data[cell((top - y) / (top - bottom), rows) * columns + cell((x - left) / (right - left), columns)];
}
