// The slider to *before*: what the source records as changed, undone back to a day. It stands in the address as `at`.

import { el } from "/static/dom.js";
import { d3, day } from "./data.js";

/** The control for the section's parameter; empty where nothing was changed. `refresh()` follows data and address. */
export function before(page, sea) {
  const place = el("div", { class: "before" });

  function refresh() {
    const { changes } = sea.now;
    const days = [...new Set(changes.map((c) => c.date))].sort();
    place.hidden = !days.length;
    if (!days.length) { place.replaceChildren(); return; }
    const at = state();
    const found = at ? days.findIndex((d) => d >= at) : -1;
    const position = found < 0 ? days.length : found;
    const input = el("input", { type: "range", id: "before", min: 0, max: days.length, step: 1, value: position, "aria-label": "The section as of", "aria-valuetext": spoken(days, position), list: "before-days",
      oninput: (event) => set(days, Number(event.target.value)) });
    place.replaceChildren(
      el("label", { for: "before", class: "before-end" }, `Before ${day(days[0])}`), input,
      el("span", { class: "before-end" }, "Now"),
      el("p", { class: `small before-note${found < 0 ? "" : " on"}`, role: "status" }, found >= 0 ? sentence(changes.filter((c) => c.date >= at), true) : sentence(changes, false), " ",
        el("button", { type: "button", class: "as-link", onclick: () => who(changes) }, "Who changed this?")));
    if (held) { held = false; input.focus(); }
  }

  // The history of a bottle that was changed: the selected one, one of the station in view, or the first.
  function who(changes) {
    const ids = changes.map((c) => c.bottle);
    const here = sea.station();
    const id = [sea.chosen()?.id, ...(here?.ids ?? [])].find((one) => ids.includes(one)) ?? ids[0];
    page.select("Bottle", id, { tab: "history", station: sea.data.byId.get(id)?.station.station ?? null });
  }

  let held = false;
  const state = () => page.state.get("at");
  function set(days, position) {
    held = true;
    page.state.set({ at: position === days.length ? null : days[position] }, { replace: true });
  }

  function sentence(changes, undone) {
    const flags = changes.filter((c) => c.property.endsWith("_qc"));
    const kinds = d3.rollups(flags, (v) => v.length, (c) => `${c.before} → ${c.after}`).map(([what, n]) => `${n} ${n === 1 ? "flag" : "flags"} ${what}`);
    const values = changes.length - flags.length;
    if (values) kinds.push(`${values} ${values === 1 ? "value" : "values"}`);
    const days = [...new Set(changes.map((c) => c.date))].map(day).join(", ");
    return undone ? `As before ${day(changes[0].date)}: ${kinds.join(", ")} undone.` : `Changed on ${days}: ${kinds.join(", ")}.`;
  }
  const spoken = (days, position) => (position === days.length ? "now" : `before ${day(days[position])}`);

  return { place, refresh };
}
