// The geometry and the words of a small network; no element is touched here.

/** Index of each column's first unit among all units shown. */
export function startsOf(layers) {
  const starts = [0];
  for (const { units } of layers) starts.push(starts.at(-1) + units.length);
  return starts.slice(0, layers.length);
}

/** Every line: column on its left, place of its two units in their columns, and its index in the arrays of values. */
export function linesOf(layers) {
  const lines = [];
  for (let column = 0; column + 1 < layers.length; column += 1) {
    const [left, right] = [layers[column].units.length, layers[column + 1].units.length];
    for (let from = 0; from < left; from += 1) {
      for (let to = 0; to < right; to += 1) lines.push({ column, from, to, index: lines.length });
    }
  }
  return lines;
}

/** `[x, y]` of each unit in CSS pixels, a list a column; shorter columns stand in the middle. */
export function placesOf(layers, width, height, [side, top, bottom]) {
  const most = Math.max(...layers.map(({ units }) => units.length), 1);
  const step = (height - top - bottom) / most;
  return layers.map(({ units }, column) => {
    const share = layers.length > 1 ? column / (layers.length - 1) : 0.5;
    const first = top + (step * (most - units.length + 1)) / 2;
    return units.map((_, i) => [side + share * (width - 2 * side), first + i * step]);
  });
}

/** The largest finite absolute value; 1 where there is none above zero. */
export function largest(values) {
  let found = 0;
  for (const value of values) if (Number.isFinite(value)) found = Math.max(found, Math.abs(value));
  return found || 1;
}

const FAINT = 0.01; // of the largest: a line that is not drawn

/** Width of a line in CSS pixels; 0: not drawn. */
export function widthOf(value, limit) {
  const share = Math.min(Math.abs(value) / limit, 1);
  return Number.isNaN(share) || share < FAINT ? 0 : 0.5 + 5.5 * share;
}

/** `[column, place]` after a key, or null when the key does not move. */
export function neighbourOf(event, [column, place], layers) {
  const length = layers[column].units.length;
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  if (event.key === "Home") return [column, 0];
  if (event.key === "End") return [column, length - 1];
  const step = arrowStep(event);
  if (!step) return null;
  const other = Math.min(Math.max(column + step[1], 0), layers.length - 1);
  if (other === column) return [column, Math.min(Math.max(place + step[0], 0), length - 1)];
  // To the unit at about the same height: the columns stand in the middle.
  const far = layers[other].units.length;
  return [other, Math.min(Math.max(Math.round(place + (far - length) / 2), 0), far - 1)];
}

/** What is written below a column whose layer has more units than are shown. */
export function moreOf({ units, total, rest }) {
  if (total <= units.length) return "";
  return `+ ${total - units.length} more${rest === null ? "" : `,\ntogether ${formatNumber(rest)}`}`;
}

/** A unit in words: its numbers. */
export function unitWords(layers, [column, place], activations, relevance) {
  const at = startsOf(layers)[column] + place;
  const { name, labels } = layers[column];
  const parts = [`${name}, ${labels[place]}`, `activation ${formatNumber(activations[at])}`];
  if (relevance.length) parts.push(`relevance ${formatNumber(relevance[at])}`);
  return parts.join(" · ");
}

/** The strongest lines of a unit in words, those to the right and then those from the left. */
export function lineWords(layers, [column, place], values, what, most = 3) {
  const label = (other, at) => layers[other].labels[at];
  const sides = [
    ["right", (line) => line.column === column && line.from === place, ({ to }) => label(column + 1, to)],
    ["left", (line) => line.column === column - 1 && line.to === place, ({ from }) => label(column - 1, from)],
  ];
  const words = [];
  for (const [side, belongs, other] of sides) {
    const lines = linesOf(layers).filter(belongs);
    lines.sort((a, b) => Math.abs(values[b.index]) - Math.abs(values[a.index]));
    const strong = lines.slice(0, most).filter(({ index }) => values[index] !== 0);
    const said = strong.map((line) => `${other(line)} ${formatNumber(values[line.index])}`);
    if (said.length) words.push(`${what} on the ${side}: ${said.join(", ")}`);
  }
  return words.join(" · ");
}
