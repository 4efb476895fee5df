// The line at the foot of an explorer: what the machine is doing, and a way to stop it.

const WORDS = { ready: "Ready", busy: "Working", error: "Error", cancelled: "Cancelled" };

export function written(milliseconds) {
  if (milliseconds === null) return "";
  if (milliseconds >= 10000) return `${(milliseconds / 1000).toFixed(0)} s`;
  if (milliseconds >= 1000) return `${(milliseconds / 1000).toFixed(1)} s`;
  return `${milliseconds < 10 ? milliseconds.toFixed(1) : milliseconds.toFixed(0)} ms`;
}

/** First line and the rest of an error. */
export function split(error) {
  const [first, ...rest] = error.trim().split("\n");
  return { first, details: rest.join("\n").trimEnd() };
}

function render({ model, el, signal }) {
  begin(el, "status");
  const state = create("span", { class: "xai-state" });
  const device = create("span", { class: "xai-device" });
  const time = create("span", { class: "xai-time" });
  const fill = create("span", { class: "xai-fill" });
  const bar = create("span", { class: "xai-progress", role: "progressbar" }, fill);
  assign(bar, { "aria-valuemin": 0, "aria-valuemax": 100 });
  const label = create("span", { class: "xai-label" });
  const cancel = guard(create("button", { class: "xai-button", type: "button" }, "Cancel"));
  const message = create("span", { class: "xai-message", role: "status" });
  const error = create("div", { class: "xai-error", role: "alert" });
  const line = create("div", { class: "xai-line" }, state, device, time, message, label, bar, cancel);
  el.replaceChildren(line, error);

  function draw() {
    const [progress, now] = [model.get("progress"), model.get("state")];
    el.dataset.state = now;
    say(state, WORDS[now]);
    say(device, model.get("device"));
    say(time, written(model.get("milliseconds")));
    say(message, model.get("message"));
    say(label, progress === null ? "" : model.get("label"));
    // Kept in the line while it is empty: nothing beside it moves when work begins.
    for (const element of [bar, cancel]) element.classList.toggle("xai-gone", progress === null && now !== "busy");
    bar.classList.toggle("xai-gone", progress === null);
    const percent = Math.round(100 * (progress ?? 0));
    assign(bar, { "aria-valuenow": percent, "aria-label": model.get("label") || "Progress" });
    fill.style.width = `${percent}%`;
    cancel.disabled = progress === null && now !== "busy";
    const { first, details } = split(model.get("error"));
    if (error.dataset.text !== model.get("error")) {
      error.dataset.text = model.get("error");
      error.replaceChildren(create("div", {}, first), ...(details ? [create("pre", {}, details)] : []));
    }
    error.hidden = !first;
  }

  const press = () => report(model, "cancelled", model.get("cancelled") + 1);
  cancel.addEventListener("click", press, { signal });
  follow(model, ["state", "device", "milliseconds", "progress", "label", "message", "error"], draw, signal);
}

export default { render };
