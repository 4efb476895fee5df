// Named numbers as horizontal bars; a listbox for the keyboard.

/** Indices of the rows to show, in order: the largest first where sorted, NaN last. */
export function rowsOf(values, order, maximum) {
  const rank = (i) => (Number.isNaN(values[i]) ? -Infinity : values[i]);
  const indices = Array.from(values, (_, i) => i);
  if (order === "sorted") indices.sort((a, b) => rank(b) - rank(a) || a - b);
  return maximum ? indices.slice(0, maximum) : indices;
}

/** Scale `[low, high]` that holds zero and every finite value. */
export function scaleOf(values, limits) {
  if (limits) return limits;
  const finite = Array.from(values).filter(Number.isFinite);
  const [low, high] = [Math.min(0, ...finite), Math.max(0, ...finite)];
  return low === high ? [0, 1] : [low, high];
}

/** Left edge, width and place of zero in percent of the scale; values beyond it end at its edge. */
export function barOf(value, [low, high]) {
  const place = (v) => (100 * (Math.min(Math.max(v, low), high) - low)) / (high - low);
  const [zero, end] = [place(0), Number.isNaN(value) ? place(0) : place(value)];
  return { left: Math.min(zero, end), width: Math.abs(end - zero), zero };
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
  parts.track = create("span", { class: "xai-track", "aria-hidden": "true" }, parts.bar, parts.zero);
  const element = create("div", { class: "xai-option", role: "option" }, parts.name, parts.track, parts.number);
  return { ...parts, element: guard(element) };
}

function render({ model, el, signal }) {
  begin(el, "bars");
  const heading = create("div", { class: "xai-title", id: uniqueId("heading") });
  const list = create("div", { class: "xai-list", role: "listbox", "aria-labelledby": heading.id });
  el.replaceChildren(heading, list);
  let rows = [];
  let shown = [];

  function fill(parts, index, values, scale) {
    const name = model.get("names")[index] ?? `${index}`;
    const { left, width, zero } = barOf(values[index], scale);
    const number = written(values[index], model.get("digits"), model.get("notation"));
    const marked = index === model.get("highlight");
    say(parts.name, marked ? `${name} ✓` : name);
    say(parts.number, number);
    Object.assign(parts.bar.style, { left: `${left}%`, width: `${width}%` });
    parts.zero.style.left = `${zero}%`;
    parts.bar.classList.toggle("xai-negative", values[index] < 0);
    assign(parts.element, {
      "aria-selected": String(index === model.get("selected")),
      "aria-label": `${name}: ${number}${marked ? `, ${model.get("highlight_label")}` : ""}`,
      title: marked ? model.get("highlight_label") : null,
      "data-index": index,
    });
  }

  function draw() {
    const values = arrayOf(model, "values").data;
    const scale = scaleOf(values, model.get("limits"));
    shown = rowsOf(values, model.get("order"), model.get("maximum"));
    say(heading, model.get("label"));
    if (rows.length !== shown.length) {
      rows = shown.map(row);
      list.replaceChildren(...rows.map((parts) => parts.element));
    }
    rows.forEach((parts, i) => fill(parts, shown[i], values, scale));
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
  follow(model, [...traits, "highlight", "highlight_label", "selected"], draw, signal);
}

export default { render };
