// The view of change sets: everything that was corrected in this graph, and one of them as a whole.

import { api } from "./api.js";
import { el } from "./dom.js";
import { save } from "./download.js";
import { author, day, line, reference } from "./history.js";

/** Fill `element`; the address names the change set (`set`). */
export async function mountChangeSets(element, page) {
  const list = el("ul", { class: "labels questions" });
  const place = el("div", { class: "question" });
  element.append(
    el("header", { class: "card-head" }, el("h2", {}, "Corrections"), el("p", { class: "quiet small" }, "Change sets that are in this graph, the latest first")),
    el("div", { class: "browse" }, list, place));
  const { change_sets: sets } = await api("change-sets");
  if (!sets.length) place.append(el("p", { class: "quiet" }, "Nothing was corrected since upstream."));
  list.append(...sets.map((s) => el("li", {}, el("button", { type: "button", "data-set": s.name, onclick: () => page.state.set({ set: s.name }) }, el("span", {}, el("span", { class: "quiet small" }, `${day(s.date)} · ${s.changes.toLocaleString("en")} ${s.changes === 1 ? "change" : "changes"}`), el("br"), s.title)))));
  let asked = 0;

  async function show() {
    const name = page.state.get("set") ?? sets[0]?.name;
    for (const button of list.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.dataset.set === name));
    if (!name) return;
    const mine = ++asked;
    let found;
    try {
      found = await api("change-set", { name });
    } catch (error) {
      if (mine === asked) place.replaceChildren(el("p", { class: "problem", role: "alert" }, error.message));
      return;
    }
    if (mine !== asked) return;
    place.replaceChildren(
      el("h3", {}, found.title),
      el("p", { class: "when" }, el("time", { datetime: found.date }, day(found.date)), " · ", author(found.author)),
      el("p", { class: "reason" }, found.reason),
      found.references.length ? el("ul", { class: "references" }, found.references.map((r) => el("li", {}, reference(r)))) : null,
      el("ul", { class: "change-list" }, found.change.map((c) => el("li", {}, target(c, page), line(c)))),
      el("p", {}, el("button", { type: "button", class: "small-button", onclick: () => save(`${found.name}.toml`, found.text) }, "Download the file")));
  }

  page.state.subscribe((changed) => { if (changed.has("set")) show(); });
  await show();
}

function target(change, page) {
  const record = change.record ?? change.relationship.start;
  return el("button", { type: "button", class: "link", onclick: () => page.select(record.label, record.key) }, el("span", { class: "found-title" }, record.title), el("span", { class: "tag" }, record.label));
}
