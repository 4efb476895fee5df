// What the pointer tools of a picture compute; no element is touched here.

const between = (value, low, high) => Math.min(Math.max(value, low), high);

/** `[row, column]` under a point of a drawing `width` x `height`; a point outside gives the nearest cell. */
export function cellAt(x, y, width, height, [rows, columns]) {
  const row = Math.floor((y / height) * rows);
  const column = Math.floor((x / width) * columns);
  return [between(row, 0, rows - 1), between(column, 0, columns - 1)];
}

export function movedCell([row, column], [down, right], [rows, columns]) {
  return [between(row + down, 0, rows - 1), between(column + right, 0, columns - 1)];
}

/** Half-open box `[r0, c0, r1, c1]` that holds both cells. */
export function boxBetween([r0, c0], [r1, c1]) {
  return [Math.min(r0, r1), Math.min(c0, c1), Math.max(r0, r1) + 1, Math.max(c0, c1) + 1];
}

/** An offset kept within half the picture; never -0. */
export function clampedOffset([down, right], [rows, columns]) {
  const [y, x] = [Math.floor(rows / 2), Math.floor(columns / 2)];
  return [between(Math.round(down), -y, y) + 0, between(Math.round(right), -x, x) + 0];
}

/** Paint (1) or erase (0) a disc in a (rows, columns) mask, in place. */
export function paintDisc(mask, [rows, columns], [row, column], radius, value) {
  const reach = Math.floor(radius);
  for (let r = Math.max(0, row - reach); r <= Math.min(rows - 1, row + reach); r += 1) {
    for (let c = Math.max(0, column - reach); c <= Math.min(columns - 1, column + reach); c += 1) {
      if ((r - row) ** 2 + (c - column) ** 2 <= radius ** 2) mask[r * columns + c] = value;
    }
  }
}

/** Discs along the line between two cells: a fast stroke leaves no gaps. */
export function paintStroke(mask, grid, from, to, radius, value) {
  const steps = Math.max(Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1]), 1);
  for (let i = 0; i <= steps; i += 1) {
    const cell = from.map((start, axis) => Math.round(start + ((to[axis] - start) * i) / steps));
    paintDisc(mask, grid, cell, radius, value);
  }
}

/** The cells of a window with this middle, as methods/windows.py has it; it may reach over the border. */
export function windowMask([rows, columns], [row, column], size, shape) {
  const data = new Uint8Array(rows * columns);
  const [top, left] = [row - Math.floor(size / 2), column - Math.floor(size / 2)];
  for (let r = Math.max(0, top); r < Math.min(rows, top + size); r += 1) {
    for (let c = Math.max(0, left); c < Math.min(columns, left + size); c += 1) {
      const away = (2 * (r - top) + 1 - size) ** 2 + (2 * (c - left) + 1 - size) ** 2;
      if (shape === "square" || away <= size ** 2) data[r * columns + c] = 1;
    }
  }
  return { shape: [rows, columns], data };
}

/** Border of a mask as segments `[row0, column0, row1, column1]` in cell units; neighbours are joined. */
export function contour({ shape: [rows, columns], data }) {
  return edges(rows, columns, (r, c) => r >= 0 && r < rows && c >= 0 && c < columns && data[r * columns + c] > 0);
}

/** Borders between the regions of a label map, as segments like those of `contour`; none around the map. */
export function borders({ shape: [rows, columns], data }) {
  return edges(rows, columns, (r, c) => data[between(r, 0, rows - 1) * columns + between(c, 0, columns - 1)]);
}

function edges(rows, columns, at) {
  const segments = [];
  const runs = (lines, length, edge, segment) => {
    for (let line = 0; line <= lines; line += 1) {
      for (let i = 0, start = null; i <= length; i += 1) {
        const here = i < length && edge(line, i);
        if (here && start === null) start = i;
        if (!here && start !== null) {
          segments.push(segment(line, start, i));
          start = null;
        }
      }
    }
  };
  runs(rows, columns, (r, c) => at(r - 1, c) !== at(r, c), (r, c0, c1) => [r, c0, r, c1]);
  runs(columns, rows, (c, r) => at(r, c - 1) !== at(r, c), (c, r0, r1) => [r0, c, r1, c]);
  return segments;
}
