// What the controls compute; no element is touched here.

/** Positions of a logarithmic slider: 64 equal ratios; whole numbers where asked, each once. */
export function stopsOf({ minimum, maximum, integer }) {
  const ratio = maximum / minimum;
  const stops = Array.from({ length: 65 }, (_, i) => minimum * ratio ** (i / 64));
  stops[64] = maximum;
  if (integer) return [...new Set(stops.map(Math.round))];
  return stops.map((stop, i) => (i % 64 ? Number(stop.toPrecision(3)) : stop));
}

/** Step of a linear slider: given, 1 for whole numbers, else about a hundredth of the range. */
export function stepOf({ minimum, maximum, step, integer }) {
  if (step) return step;
  return integer ? 1 : Number(((maximum - minimum) / 100).toPrecision(1));
}

/** Index of the stop nearest to a value, in ratio. */
export function nearest(stops, value) {
  const distance = (stop) => Math.abs(Math.log(stop / value));
  return stops.reduce((best, stop, i) => (distance(stop) < distance(stops[best]) ? i : best), 0);
}

/** A number typed by a person, clamped to the range; null where it is no number. A comma is a decimal point. */
export function typed(text, { minimum, maximum, integer }) {
  const clean = text.trim().replace(",", ".");
  const value = Number(clean);
  if (clean === "" || !Number.isFinite(value)) return null;
  const clamped = Math.min(Math.max(value, minimum), maximum);
  return integer ? Math.round(clamped) : clamped;
}

/** The options chosen after a press on one, in their own order; a press beyond `maximum` (0: any) changes nothing. */
export function toggled(chosen, option, options, maximum) {
  if (chosen.includes(option)) return chosen.filter((other) => other !== option);
  if (maximum && chosen.length >= maximum) return chosen;
  return options.filter((other) => other === option || chosen.includes(other));
}

/** Whether a choice is shown as a row of buttons rather than a list that opens. */
export function isSegmented(labels) {
  return labels.length <= 4 && labels.join("").length <= 32;
}

export const labelOf = (item) => item.label ?? item.name.replaceAll("_", " ");
export const labelsOf = (item) => item.labels ?? item.options.map(String);
