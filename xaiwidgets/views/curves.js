// The geometry of curves; no element is touched here.

/** Round numbers that divide `[low, high]` into about `count` parts. */
export function ticksOf([low, high], count = 5) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((unit) => unit * power).find((unit) => unit >= rough * 0.999);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** Smallest and largest finite value, never equal; `[0, 1]` without any. */
export function extentOf(values, margin = 0) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return [0, 1];
  if (low === high) return [low - (Math.abs(low) || 1) * 0.5, high + (Math.abs(high) || 1) * 0.5];
  return [low - margin * (high - low), high + margin * (high - low)];
}

export const scale = ([low, high], [from, to]) => (value) => from + ((value - low) / (high - low)) * (to - from);

/** SVG path through the points; a value that is not finite leaves a gap. */
export function pathOf(xs, ys, x, y) {
  let path = "";
  let pen = "M";
  for (let i = 0; i < xs.length; i += 1) {
    if (!Number.isFinite(ys[i])) {
      pen = "M";
      continue;
    }
    path += `${pen}${x(xs[i]).toFixed(2)},${y(ys[i]).toFixed(2)}`;
    pen = "L";
  }
  return path;
}

/** SVG path around each stretch of points whose value and half-width are finite. */
export function bandOf(xs, ys, widths, x, y) {
  const stretches = [[]];
  xs.forEach((_, i) => {
    if (Number.isFinite(ys[i]) && Number.isFinite(widths[i])) stretches.at(-1).push(i);
    else stretches.push([]);
  });
  const point = (i, sign) => `${x(xs[i]).toFixed(2)},${y(ys[i] + sign * widths[i]).toFixed(2)}`;
  const around = (places) => {
    const [upper, lower] = [places.map((i) => point(i, 1)), places.map((i) => point(i, -1)).reverse()];
    return `M${[...upper, ...lower].join("L")}Z`;
  };
  return stretches.filter((places) => places.length > 1).map(around).join("");
}

/** The values of curves and the ends of their bands, for the limits of the scale. */
export function endsOf(series, bands) {
  if (!bands.length) return series;
  const wide = (i) => (Number.isFinite(bands[i]) ? bands[i] : 0);
  return Array.from(series, (value, i) => [value - wide(i), value + wide(i)]).flat();
}

/** Places moved apart until neighbours are `gap` away, within `[low, high]`; same order as given. */
export function spread(places, gap, [low, high]) {
  const order = places.map((_, i) => i).sort((a, b) => places[a] - places[b]);
  const result = places.slice();
  let floor = low;
  for (const i of order) {
    result[i] = Math.max(result[i], floor);
    floor = result[i] + gap;
  }
  let ceiling = high;
  for (const i of order.reverse()) {
    result[i] = Math.min(result[i], ceiling);
    ceiling = result[i] - gap;
  }
  return result;
}

/** Index of the entry of increasing `xs` nearest to a value. */
export function nearestIndex(xs, value) {
  return xs.reduce((best, x, i) => (Math.abs(x - value) < Math.abs(xs[best] - value) ? i : best), 0);
}

/** Index of the last finite value, or -1: where a curve's label stands. */
export function lastFinite(ys) {
  let last = ys.length - 1;
  while (last >= 0 && !Number.isFinite(ys[last])) last -= 1;
  return last;
}

/** Labels of ticks with as many decimal places as their step needs. */
export function tickLabels(ticks) {
  const step = ticks.length > 1 ? ticks[1] - ticks[0] : Math.abs(ticks[0]) || 1;
  if (Math.max(...ticks.map(Math.abs)) >= 1e5 || step < 1e-4) return ticks.map((tick) => formatNumber(tick, 2));
  const places = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const half = Math.abs(step * 10 ** places - Math.round(step * 10 ** places)) > 1e-6 ? 1 : 0;
  return ticks.map((tick) => tick.toFixed(places + half));
}
