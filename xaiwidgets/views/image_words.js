// What a picture says of itself: help, read-out, and where things are.

const HELP = {
  look: "Arrow keys read out pixels.",
  pick: "Arrow keys move the cursor, Enter picks the pixel, Escape lets it go.",
  drag: "Arrow keys move the picture by one pixel, with Shift by four, Escape puts it back.",
  box: "Arrow keys move the cursor, Shift and arrow keys draw a box from there, Escape removes it.",
  brush: "Arrow keys move the cursor, Space paints or erases there, Escape clears all.",
  occlude: "Arrow keys move the window by one pixel, with Shift by four, Escape takes it away.",
};
const RESET = { drag: "Put back", box: "Remove box", brush: "Clear", pick: "Let go" };

/** What the line under the picture says about a cell of the grid. */
export function readout([row, column], image, heatmap, grid, regions = { data: [] }) {
  const region = regions.data.length ? ` · region ${regions.data[cellIndex(row, column, regions.shape, grid)]}` : "";
  const where = `row ${row}, column ${column}${region}`;
  if (heatmap.data.length) {
    const value = heatmap.data[cellIndex(row, column, heatmap.shape, grid)];
    return `${where} · value ${formatNumber(value)}`;
  }
  if (!image.data.length) return where;
  const pixel = 3 * cellIndex(row, column, image.shape, grid);
  return `${where} · colour ${image.data.slice(pixel, pixel + 3).join(", ")}`;
}

/** How far the picture has been dragged, in words; "" where it has not. */
export function movedText([down, right]) {
  const words = [];
  if (down) words.push(`${Math.abs(down)} ${down > 0 ? "down" : "up"}`);
  if (right) words.push(`${Math.abs(right)} ${right > 0 ? "right" : "left"}`);
  return words.length ? `moved ${words.join(", ")}` : "";
}

/** Where the window lies, in words; "" where it is not there. */
export function windowText(middle) {
  return middle ? `window: row ${middle[0]}, column ${middle[1]}` : "";
}

/** Write a text whose lines break at its dots only. */
function sayInParts(element, text) {
  if (element.textContent === text) return;
  element.replaceChildren(...text.split(/(?<= · )/).map((part) => create("span", {}, part)));
}
