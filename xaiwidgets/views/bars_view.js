// Named numbers as horizontal bars; a listbox for the keyboard.

/** Indices of the rows to show, in order: the largest first where sorted, NaN last. */
export function rowsOf(values, order, maximum) {
  const rank = (i) => (Number.isNaN(values[i]) ? -Infinity : values[i]);
  const indices = Array.from(values, (_, i) => i);
  if (order === "sorted") indices.sort((a, b) => rank(b) - rank(a) || a - b);
  return maximum ? indices.slice(0, maximum) : indices;
}

/** Scale `[low, high]` that holds zero, every finite value with its error bar, and every mark. */
export function scaleOf(values, limits, errors = [], marks = []) {
  if (limits) return limits;
  const ends = Array.from(values).flatMap((value, i) => [value - spanOf(errors, i), value + spanOf(errors, i)]);
  const finite = [...ends, ...marks].filter(Number.isFinite);
  const [low, high] = [Math.min(0, ...finite), Math.max(0, ...finite)];
  return low === high ? [0, 1] : [low, high];
}

/** Where a value stands, in percent of the scale; one beyond it stands at its edge. */
const placeOf = (value, [low, high]) => (100 * (Math.min(Math.max(value, low), high) - low)) / (high - low);

/** Left edge, width and place of zero in percent of the scale. */
export function barOf(value, scale) {
  const zero = placeOf(0, scale);
  const end = Number.isNaN(value) ? zero : placeOf(value, scale);
  return { left: Math.min(zero, end), width: Math.abs(end - zero), zero };
}

/** Half-length of the error bar of row `i`; 0 where nobody told. */
const spanOf = (errors, i) => (Number.isFinite(errors[i]) ? errors[i] : 0);

/** Left edge and width of an error bar in percent of the scale; null where there is none. */
export function errorOf(value, error, scale) {
  if (!Number.isFinite(value) || !Number.isFinite(error)) return null;
  const left = placeOf(value - error, scale);
  return { left, width: placeOf(value + error, scale) - left };
}

export function written(value, digits, notation) {
  if (!Number.isFinite(value)) return formatNumber(value);
  const text = notation === "percent" ? `${(100 * value).toFixed(digits)} %` : value.toFixed(digits);
  return text.replace(/^-(0(\.0*)?( %)?)$/, "$1");
}

function row(index) {
  const parts = { name: create("span", { class: "xai-name" }), number: create("span", { class: "xai-number" }) };
  parts.bar = create("span", { class: "xai-bar" });
  parts.zero = create("span", { class: "xai-zero" });
  parts.error = create("span", { class: "xai-error-bar" });
  parts.mark = create("span", { class: "xai-mark" });
  const drawn = [parts.bar, parts.zero, parts.error, parts.mark];
  parts.track = create("span", { class: "xai-track", "aria-hidden": "true" }, ...drawn);
  const element = create("div", { class: "xai-option", role: "option" }, parts.name, parts.track, parts.number);
  return { ...parts, element: guard(element) };
}

/** One sign of the legend with its name. */
function entryOf(sign, label) {
  const key = create("span", { class: "xai-key" }, create("span", { class: sign }));
  return create("span", { class: "xai-entry" }, key, label);
}

function render({ model, el, signal }) {
  begin(el, "bars");
  const heading = create("div", { class: "xai-title", id: uniqueId("heading") });
  const list = create("div", { class: "xai-list", role: "listbox", "aria-labelledby": heading.id });
  const legend = create("div", { class: "xai-legend", "aria-hidden": "true" }); // each row says it in its name
  el.replaceChildren(heading, legend, list);
  let rows = [];
  let shown = [];

  /** The number of a row as it is written, and the exact one as it is read to whom cannot see the mark. */
  function told(index, { values, errors, marks }) {
    const text = (value) => written(value, model.get("digits"), model.get("notation"));
    const number = text(values[index]) + (Number.isFinite(errors[index]) ? ` ± ${text(errors[index])}` : "");
    return [number, Number.isFinite(marks[index]) ? `, ${model.get("mark_label")} ${text(marks[index])}` : ""];
  }

  function fillExtras(parts, index, { values, errors, marks }, scale) {
    const error = errorOf(values[index], errors[index] ?? NaN, scale);
    parts.error.hidden = !error;
    if (error) Object.assign(parts.error.style, { left: `${error.left}%`, width: `${error.width}%` });
    parts.mark.hidden = !Number.isFinite(marks[index]);
    if (!parts.mark.hidden) parts.mark.style.left = `${placeOf(marks[index], scale)}%`;
  }

  function fill(parts, index, data, scale) {
    const { values } = data;
    const name = model.get("names")[index] ?? `${index}`;
    const { left, width, zero } = barOf(values[index], scale);
    const [number, exact] = told(index, data);
    fillExtras(parts, index, data, scale);
    const marked = index === model.get("highlight");
    say(parts.name, marked ? `${name} ✓` : name);
    say(parts.number, number);
    Object.assign(parts.bar.style, { left: `${left}%`, width: `${width}%` });
    parts.zero.style.left = `${zero}%`;
    parts.bar.classList.toggle("xai-negative", values[index] < 0);
    assign(parts.element, {
      "aria-selected": String(index === model.get("selected")),
      "aria-label": `${name}: ${number}${exact}${marked ? `, ${model.get("highlight_label")}` : ""}`,
      title: marked ? model.get("highlight_label") : null,
      "data-index": index,
    });
  }

  function draw() {
    const [values, errors, marks] = ["values", "errors", "marks"].map((name) => arrayOf(model, name).data);
    const scale = scaleOf(values, model.get("limits"), errors, marks);
    el.classList.toggle("xai-relevance", model.get("palette") === "relevance");
    const keys = [[marks, "xai-mark", "mark_label"], [errors, "xai-error-bar", "error_label"]];
    const entries = keys.filter(([array]) => array.length).map(([, key, label]) => entryOf(key, model.get(label)));
    legend.replaceChildren(...entries);
    legend.hidden = !entries.length;
    shown = rowsOf(values, model.get("order"), model.get("maximum"));
    say(heading, model.get("label"));
    if (rows.length !== shown.length) {
      rows = shown.map(row);
      list.replaceChildren(...rows.map((parts) => parts.element));
    }
    rows.forEach((parts, i) => fill(parts, shown[i], { values, errors, marks }, scale));
    const current = Math.max(shown.indexOf(model.get("selected")), 0);
    rows.forEach((parts, i) => assign(parts.element, { tabindex: i === current ? 0 : -1 }));
  }

  function select(position) {
    if (shown[position] !== model.get("selected")) report(model, "selected", shown[position]);
    rows[position]?.element.focus();
  }

  const positionOf = (element) => rows.findIndex((parts) => parts.element === element);
  function key(event) {
    const current = positionOf(document.activeElement);
    const chosen = event.key === " " || event.key === "Enter" ? current : null;
    const next = chosen ?? movedIndex(event, current, rows.length);
    if (next === null || current < 0) return;
    event.preventDefault();
    event.stopPropagation();
    select(next);
  }

  const click = (event) => {
    const position = positionOf(event.target.closest(".xai-option"));
    if (position >= 0) select(position);
  };
  list.addEventListener("click", click, { signal });
  list.addEventListener("keydown", key, { signal });
  const traits = ["names", "values", "label", "order", "maximum", "limits", "digits", "notation"];
  const extras = ["errors", "marks", "error_label", "mark_label", "palette"];
  follow(model, [...traits, ...extras, "highlight", "highlight_label", "selected"], draw, signal);
}

export default { render };
