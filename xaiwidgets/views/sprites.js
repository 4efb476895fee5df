// Little pictures, drawn by hand into the pixels of a canvas; no element is touched here.
// A sprite is { rows, columns, data: RGBA bytes, words: the same as 32-bit words }.

const LADDER = [5, 6, 7, 8, 10, 12, 14, 16, 18, 20, 24, 28, 32, 40, 48, 64, 80, 96];
const FRAMED = 12; // a frame narrower than a tenth of the picture is not seen, a wider one hides it
export const BADGED = 28; // from this size on a letter fits into the corner

/** Longer side of a point, in pixels: it grows with the zoom, but slower than the map, so that room appears. */
export function spriteSize(base, zoom) {
  const wanted = base * Math.sqrt(zoom);
  return LADDER.reduce((best, size) => (Math.abs(size - wanted) < Math.abs(best - wanted) ? size : best));
}

/** A size at which `count` points fill a third of the area. */
export function sizeFor(count, width, height) {
  const side = Math.sqrt((width * height) / Math.max(count, 1)) * 0.8;
  return Math.min(Math.max(side, 7), 32);
}

export function emptySprite(rows, columns) {
  const data = new Uint8ClampedArray(4 * rows * columns);
  return { rows, columns, data, words: new Uint32Array(data.buffer) };
}

/** First source index and the one after the last, for each of `count` cells: a mean when smaller, else the nearest. */
function spans(count, length) {
  return Int32Array.from({ length: 2 * count }, (_, i) => {
    const cell = i >> 1;
    const first = Math.floor((cell * length) / count);
    return i % 2 ? Math.max(first + 1, Math.ceil(((cell + 1) * length) / count)) : first;
  });
}

/**
 * Picture `index` of an (N, h, w, 3) array, `side` pixels long. With `ink`, an RGB colour, black is see-through and
 * light takes that colour.
 */
export function pictureSprite({ shape: [, height, width], data }, index, side, ink = null) {
  const rows = Math.max(1, Math.round((side * height) / Math.max(height, width)));
  const columns = Math.max(1, Math.round((side * width) / Math.max(height, width)));
  const sprite = emptySprite(rows, columns);
  const pixels = sprite.data;
  const [down, across] = [spans(rows, height), spans(columns, width)];
  const start = index * height * width;
  for (let r = 0, at = 0; r < rows; r += 1) {
    for (let c = 0; c < columns; c += 1, at += 4) {
      let [red, green, blue] = [0, 0, 0];
      for (let y = down[2 * r]; y < down[2 * r + 1]; y += 1) {
        const end = 3 * (start + y * width + across[2 * c + 1]);
        for (let p = 3 * (start + y * width + across[2 * c]); p < end; p += 3) {
          red += data[p];
          green += data[p + 1];
          blue += data[p + 2];
        }
      }
      const count = (down[2 * r + 1] - down[2 * r]) * (across[2 * c + 1] - across[2 * c]);
      pixels[at] = ink ? ink[0] : red / count;
      pixels[at + 1] = ink ? ink[1] : green / count;
      pixels[at + 2] = ink ? ink[2] : blue / count;
      pixels[at + 3] = ink ? (0.299 * red + 0.587 * green + 0.114 * blue) / count : 255;
    }
  }
  return sprite;
}

/** A frame of the colour around a sprite, in place. */
export function framed(sprite, [red, green, blue]) {
  const { rows, columns, data } = sprite;
  const wide = Math.max(1, Math.round(Math.max(rows, columns) / FRAMED));
  for (let r = 0; r < rows; r += 1) {
    for (let c = 0; c < columns; c += 1) {
      const inside = r >= wide && r < rows - wide && c >= wide && c < columns - wide;
      if (!inside) data.set([red, green, blue, 255], 4 * (r * columns + c));
    }
  }
  return sprite;
}

const INSIDE = [
  (x, y) => x * x + y * y <= 0.81,
  (x, y) => Math.max(Math.abs(x), Math.abs(y)) <= 0.8,
  (x, y) => y <= 0.8 && y >= -1 + 1.9 * Math.abs(x),
  (x, y) => Math.abs(x) + Math.abs(y) <= 1,
  (x, y) => Math.min(Math.abs(x), Math.abs(y)) <= 0.3 && Math.max(Math.abs(x), Math.abs(y)) <= 0.95,
];
/** Shape of a class: with eight colours and five shapes, forty classes differ. */
export const shapeOfClass = (label) => (label < 0 ? 0 : label % INSIDE.length);

/** A disc, square, triangle, diamond or cross, with smooth edges. */
export function markSprite(kind, side, colour) {
  const sprite = emptySprite(side, side);
  const fine = 4;
  for (let r = 0; r < side; r += 1) {
    for (let c = 0; c < side; c += 1) {
      let hits = 0;
      for (let k = 0; k < fine * fine; k += 1) {
        const [x, y] = [c + ((k % fine) + 0.5) / fine, r + (Math.floor(k / fine) + 0.5) / fine];
        hits += INSIDE[kind]((2 * x) / side - 1, (2 * y) / side - 1);
      }
      sprite.data.set([...colour, (255 * hits) / fine ** 2], 4 * (r * side + c));
    }
  }
  return sprite;
}

const [OUTER, INNER] = [0xff00ff, 0x00ff00]; // red and blue are mixed in one word, far enough apart not to touch

/** Draw a sprite with its middle at (x, y) over opaque pixels; what lies outside is cut off. */
export function blit(target, sprite, x, y, opacity = 1) {
  const { rows, columns, words } = sprite;
  const [left, top] = [Math.round(x - columns / 2), Math.round(y - rows / 2)];
  const [firstRow, lastRow] = [Math.max(0, -top), Math.min(rows, target.rows - top)];
  const [first, last] = [Math.max(0, -left), Math.min(columns, target.columns - left)];
  const below = target.words;
  const strength = Math.round(257 * opacity); // 255 times it are 256 times 255
  for (let r = firstRow; r < lastRow; r += 1) {
    let from = r * columns + first;
    let to = (top + r) * target.columns + left + first;
    for (let c = first; c < last; c += 1, from += 1, to += 1) {
      const above = words[from];
      const part = ((above >>> 24) * strength) >> 8; // alpha is the highest byte
      if (part >= 255) below[to] = above | 0xff000000;
      else if (part > 0) {
        const rest = 256 - part;
        const outer = (Math.imul(above & OUTER, part) + Math.imul(below[to] & OUTER, rest)) >>> 8;
        const inner = (Math.imul(above & INNER, part) + Math.imul(below[to] & INNER, rest)) >>> 8;
        below[to] = (outer & OUTER) | (inner & INNER) | 0xff000000;
      }
    }
  }
}
