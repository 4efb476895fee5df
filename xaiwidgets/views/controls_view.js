// A column of labelled controls from a description. Each maker returns `{ field, show(value) }`.

function rangeControl(item, ids, send) {
  const stops = item.log ? stopsOf(item) : null;
  const ends = stops ? [0, stops.length - 1, 1] : [item.minimum, item.maximum, stepOf(item)];
  const [min, max, step] = ends;
  const slider = create("input", { type: "range", min, max, step, id: ids.input, "aria-describedby": ids.help });
  const number = create("input", { type: "text", inputmode: "decimal", class: "xai-number", autocomplete: "off" });
  number.setAttribute("aria-label", `${labelOf(item)}, exact value${item.unit ? ` in ${item.unit}` : ""}`);
  number.style.width = `${Math.max(...[item.minimum, item.maximum].map((end) => formatNumber(end).length), 6) + 1}ch`;
  let current = item.minimum;
  const show = (value) => {
    current = value;
    slider.value = stops ? nearest(stops, value) : value;
    slider.setAttribute("aria-valuetext", `${formatNumber(value, 4)}${item.unit ? ` ${item.unit}` : ""}`);
    slider.style.setProperty("--xai-filled", `${(100 * (slider.value - min)) / (max - min || 1)}%`);
    if (document.activeElement !== number) number.value = formatNumber(value, 4);
  };
  const set = (value) => {
    show(value);
    send(value);
  };
  const commit = () => {
    const value = typed(number.value, item);
    if (value !== null && value !== current) set(value);
    number.value = formatNumber(current, 4);
  };
  slider.addEventListener("input", () => set(stops ? stops[slider.value] : Number(slider.value)));
  number.addEventListener("change", commit);
  number.addEventListener("keydown", (event) => {
    if (event.key === "Enter") commit();
    if (event.key === "Escape") number.value = formatNumber(current, 4);
    if (event.key === "Enter" || event.key === "Escape") event.stopPropagation();
  });
  const unit = item.unit ? [create("span", { class: "xai-unit", "aria-hidden": "true" }, item.unit)] : [];
  const value = create("span", { class: "xai-value" }, number, ...unit);
  return { field: create("div", { class: "xai-range" }, slider, value), focusable: [slider, number], show };
}

function selectControl(item, ids, send) {
  const options = labelsOf(item).map((label, i) => create("option", { value: i }, label));
  const select = create("select", { id: ids.input, "aria-describedby": ids.help }, ...options);
  select.addEventListener("change", () => send(item.options[select.value]));
  const show = (value) => (select.value = item.options.indexOf(value));
  return { field: create("div", { class: "xai-select" }, select), focusable: [select], show };
}

/** Radio buttons or check boxes in a row, drawn as one bar of segments. */
function segmentsControl(item, ids, send) {
  const many = item.kind === "choices";
  const inputs = item.options.map((_, i) =>
    create("input", { type: many ? "checkbox" : "radio", name: ids.input, value: i, class: "xai-hidden" }),
  );
  const segment = (label, i) => create("label", { class: "xai-segment" }, inputs[i], create("span", {}, label));
  const segments = labelsOf(item).map(segment);
  const group = { class: many ? "xai-choices" : "xai-segments", role: many ? "group" : "radiogroup" };
  const field = create("div", { ...group, "aria-labelledby": ids.label, "aria-describedby": ids.help }, ...segments);
  let current = [];
  const show = (value) => {
    current = many ? value : [value];
    const full = many && item.maximum && current.length >= item.maximum;
    inputs.forEach((input, i) => {
      input.checked = current.includes(item.options[i]);
      // Not `disabled`: the focus would fall to the page. A press beyond the maximum changes nothing.
      input.setAttribute("aria-disabled", String(Boolean(full && !input.checked)));
    });
  };
  inputs.forEach((input, i) => {
    input.addEventListener("change", () => {
      const value = many ? toggled(current, item.options[i], item.options, item.maximum) : item.options[i];
      show(value);
      send(value);
    });
  });
  return { field, focusable: inputs, show };
}

function flagControl(item, ids, send) {
  const input = create("input", { type: "checkbox", role: "switch", id: ids.input, "aria-describedby": ids.help });
  input.addEventListener("change", () => send(input.checked));
  const field = create("div", { class: "xai-switch" }, input);
  return { field, focusable: [input], show: (value) => (input.checked = value) };
}

function buttonControl(item, ids, send) {
  const attributes = { type: "button", class: "xai-button", id: ids.input, "aria-describedby": ids.help };
  const button = create("button", attributes, labelOf(item));
  let presses = 0;
  button.addEventListener("click", () => send((presses += 1)));
  // An older count from the kernel, which a press has overtaken, takes none back.
  return { field: button, focusable: [button], show: (value) => (presses = Math.max(presses, value)) };
}

const MAKERS = { range: rangeControl, choices: segmentsControl, flag: flagControl, button: buttonControl };

function makerOf(item) {
  if (item.kind !== "choice") return MAKERS[item.kind];
  return isSegmented(labelsOf(item)) ? segmentsControl : selectControl;
}

/** One control with its label and its help. */
function control(item, send) {
  const name = uniqueId(item.name);
  const ids = { input: name, label: `${name}-label`, help: item.help ? `${name}-help` : null };
  const made = makerOf(item)(item, ids, send);
  const single = made.focusable.length === 1 || item.kind === "range";
  const label = single ? create("label", { id: ids.label, for: ids.input }) : create("span", { id: ids.label });
  label.textContent = labelOf(item);
  label.classList.add("xai-label");
  for (const element of made.focusable) assign(guard(element), { disabled: Boolean(item.disabled) });
  const children = item.kind === "button" ? [made.field] : [label, made.field];
  if (item.help) children.push(create("div", { class: "xai-help", id: ids.help }, item.help));
  const element = create("div", { class: `xai-control xai-kind-${item.kind}`, "data-name": item.name }, ...children);
  return { ...made, element };
}

function render({ model, el, signal }) {
  begin(el, "controls");
  const group = create("div", { class: "xai-column", role: "group" });
  el.replaceChildren(group);
  let controls = new Map();
  // Sliders fire faster than a screen draws: one message a frame, and none is lost in a hidden tab.
  const saveSoon = throttled(() => model.save_changes(), 16, signal);

  function build() {
    const send = (name) => (value) => {
      model.set("values", { ...model.get("values"), [name]: value });
      saveSoon();
    };
    const focused = group.contains(document.activeElement) ? document.activeElement : null;
    const kept = focused?.closest(".xai-control").dataset.name;
    const at = controls.get(kept)?.focusable.indexOf(focused);
    controls = new Map(model.get("specification").map((item) => [item.name, control(item, send(item.name))]));
    group.replaceChildren(...Array.from(controls.values(), ({ element }) => element));
    show();
    controls.get(kept)?.focusable[at]?.focus();
  }

  function show() {
    group.setAttribute("aria-label", model.get("label"));
    for (const [name, value] of Object.entries(model.get("values"))) controls.get(name)?.show(value);
  }

  follow(model, ["values", "label"], show, signal);
  follow(model, ["specification"], build, signal);
}

export default { render };
