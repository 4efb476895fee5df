// From values to colours, as xaiwidgets/colors.py has it; a test holds the two equal.

const NOT_A_NUMBER = 128;

/** Row of the lookup table of a value on the scale from -limit to limit; NaN has none. */
export function colourIndex(value, limit) {
  const index = Math.floor((value / limit + 1) * 0.5 * 255 + 0.5);
  return index < 0 ? 0 : index > 255 ? 255 : index;
}

export function grey(red, green, blue) {
  return Math.floor((299 * red + 587 * green + 114 * blue + 500) / 1000);
}

/** Size of the painted grid: the finer of image and map. */
export function gridOf(image, heatmap) {
  return [Math.max(image.shape[0], heatmap.shape[0]), Math.max(image.shape[1], heatmap.shape[1])];
}

/** Index of the cell of a (rows, columns) array that a pixel of the grid lies in. */
export function cellIndex(row, column, [rows, columns], [gridRows, gridColumns]) {
  return Math.floor((row * rows) / gridRows) * columns + Math.floor((column * columns) / gridColumns);
}

/** Index of the cell for each pixel of the grid; worked out once for a drawing. */
function cells(shape, grid) {
  const columns = Array.from({ length: grid[1] }, (_, column) => Math.floor((column * shape[1]) / grid[1]));
  const rows = Array.from({ length: grid[0] }, (_, row) => Math.floor((row * shape[0]) / grid[0]) * shape[1]);
  return (row, column) => rows[row] + columns[column];
}

/** RGBA of a map over the grey tones of an image; either may be empty. */
export function compose(image, heatmap, limit, table, opacity) {
  const [rows, columns] = gridOf(image, heatmap);
  const rgba = new Uint8ClampedArray(rows * columns * 4).fill(255);
  const [hot, pictured] = [heatmap.data.length > 0, image.data.length > 0];
  const [heatCell, imageCell] = [cells(heatmap.shape, [rows, columns]), cells(image.shape, [rows, columns])];
  for (let row = 0, at = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1, at += 4) {
      const pixel = pictured ? 3 * imageCell(row, column) : 0;
      if (!hot) {
        for (let k = 0; k < 3; k += 1) rgba[at + k] = image.data[pixel + k];
        continue;
      }
      const index = colourIndex(heatmap.data[heatCell(row, column)], limit);
      const base = pictured ? grey(image.data[pixel], image.data[pixel + 1], image.data[pixel + 2]) : 0;
      for (let k = 0; k < 3; k += 1) {
        const heat = Number.isNaN(index) ? NOT_A_NUMBER : table[3 * index + k];
        rgba[at + k] = pictured ? Math.floor(opacity * heat + (1 - opacity) * base + 0.5) : heat;
      }
    }
  }
  return { rows, columns, rgba };
}

/** An image with another one of its size shown where the mask is set. */
export function replaced(image, fill, mask) {
  const data = image.data.slice();
  mask.data.forEach((on, i) => on && data.set(fill.data.subarray(3 * i, 3 * i + 3), 3 * i));
  return { shape: image.shape, data };
}

/** Put RGBA into a canvas whose backing store is exactly that large. */
export function paint(canvas, { rows, columns, rgba }) {
  if (canvas.width !== columns || canvas.height !== rows) Object.assign(canvas, { width: columns, height: rows });
  if (rgba.length) canvas.getContext("2d").putImageData(new ImageData(rgba, columns, rows), 0, 0);
}

/** CSS width and height of a grid whose longer side is `size`. */
export function fitted([rows, columns], size) {
  const scale = size / Math.max(rows, columns, 1);
  return [Math.max(columns, 1) * scale, Math.max(rows, 1) * scale];
}
