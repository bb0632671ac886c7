// The view that every project has: what the graph holds by label, and the records of one.

import { api } from "./api.js";
import { el } from "./dom.js";
import { colour } from "./graph.js";

/** Fill `element`; `page` is the same object that panels get. */
export async function mountBrowse(element, page) {
  const list = el("div", { class: "browse-list" });
  const labels = el("ul", { class: "labels" });
  element.append(
    el("header", { class: "card-head" }, el("h2", {}, "Records")),
    el("div", { class: "browse" }, labels, list));
  const about = await page.about();
  const names = Object.keys(about.identity).filter((l) => about.labels[l]).sort((a, b) => a.localeCompare(b));
  labels.append(...names.map((label) => {
    const dot = el("span", { class: "dot", "aria-hidden": "true" });
    dot.style.background = colour(label);
    return el("li", {}, el("button", { type: "button", "data-label": label, onclick: () => page.state.set({ of: label }) }, dot, label, el("span", { class: "count" }, about.labels[label].toLocaleString("en"))));
  }));

  async function show() {
    const label = page.state.get("of") ?? names[0];
    if (!label) { list.replaceChildren(el("p", { class: "quiet" }, "The graph is empty.")); return; }
    for (const button of labels.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.dataset.label === label));
    const items = el("ul", { class: "neighbours" });
    list.replaceChildren(items);
    await fill(items, label, 0);
  }

  async function fill(items, label, offset) {
    const answer = await api("records", { label, offset, limit: 60 }).catch((error) => ({ items: [], next: null, error }));
    if (answer.error) list.append(el("p", { class: "problem", role: "alert" }, answer.error.message));
    items.append(...answer.items.map((r) => el("li", {}, el("button", { type: "button", class: "link", onclick: () => page.select(r.label, r.key) }, el("span", { class: "found-title" }, r.title), el("span", { class: "found-key" }, r.key.join(" · "))))));
    if (answer.next !== null) {
      const more = el("button", { type: "button", class: "more", onclick: () => { more.remove(); fill(items, label, answer.next); } }, "Show more");
      list.append(more);
    }
  }

  page.state.subscribe((changed) => { if (changed.has("of")) show(); });
  await show();
}
