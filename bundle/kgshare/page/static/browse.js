// The view that every project has: what the graph holds by label, and the records of one as a table.

import { pointing } from "./answer.js";
import { api } from "./api.js";
import { el, shown } from "./dom.js";
import { saveCsv } from "./download.js";
import { write } from "./edits.js";
import { valueField } from "./fields.js";
import { colour } from "./graph.js";

const AT_ONCE = 60;
const EXPORTED = 100_000; // rows of one CSV

/** Fill `element`; `page` is the same object that panels get. */
export async function mountBrowse(element, page) {
  const place = el("div", { class: "browse-list" });
  const labels = el("ul", { class: "labels" });
  element.append(
    el("header", { class: "card-head" }, el("h2", {}, "Records")),
    el("div", { class: "browse" }, labels, place));
  const about = await page.about();
  const names = Object.keys(about.identity).filter((l) => about.labels[l]).sort((a, b) => a.localeCompare(b));
  labels.append(...names.map((label) => {
    const dot = el("span", { class: "dot", "aria-hidden": "true" });
    dot.style.background = colour(label);
    return el("li", {}, el("button", { type: "button", "data-label": label, onclick: () => page.state.set({ of: label, sort: null, filter: null }) }, dot, label, el("span", { class: "count" }, about.labels[label].toLocaleString("en"))));
  }));
  let asked = 0;

  const wanted = () => ({ label: page.state.get("of") ?? names[0], sort: page.state.get("sort")?.replace(/^-/, "") || null, order: page.state.get("sort")?.startsWith("-") ? "down" : "up", filter: page.state.get("filter") || null });

  async function show() {
    const now = wanted();
    if (!now.label) { place.replaceChildren(el("p", { class: "quiet" }, "The graph is empty.")); return; }
    for (const button of labels.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.dataset.label === now.label));
    const mine = ++asked;
    place.setAttribute("aria-busy", "true");
    let first;
    try {
      first = await api("table", { ...now, limit: AT_ONCE });
    } catch (error) {
      if (mine === asked) place.replaceChildren(el("p", { class: "problem", role: "alert" }, error.message));
      return;
    }
    if (mine !== asked) return;
    place.removeAttribute("aria-busy");
    place.replaceChildren(...tableOf(first, now));
  }

  function tableOf(first, now) {
    const body = el("tbody", {});
    const more = el("button", { type: "button", class: "more", onclick: () => next() }, "Show more");
    const note = el("p", { class: "problem", role: "alert", hidden: true });
    let offset = first.next;
    const fill = (rows) => body.append(...rows.map((r) => row(r, first.columns)));
    async function next() {
      more.disabled = true;
      note.hidden = true;
      try {
        const answer = await api("table", { ...now, offset, limit: AT_ONCE });
        fill(answer.rows);
        offset = answer.next;
      } catch (error) { note.textContent = error.message; note.hidden = false; }
      more.disabled = false;
      more.hidden = offset === null;
    }
    fill(first.rows);
    more.hidden = offset === null;
    const filter = el("input", { type: "search", value: now.filter ?? "", placeholder: "Filter", "aria-label": `Filter ${now.label}`, autocomplete: "off", spellcheck: "false" });
    return [
      el("div", { class: "tools" },
        el("form", { class: "table-filter", onsubmit: (event) => { event.preventDefault(); page.state.set({ filter: filter.value.trim() || null }); } }, filter),
        el("button", { type: "button", class: "small-button", onclick: (event) => exported(now, event.target, note) }, "CSV"),
        el("button", { type: "button", class: "small-button", onclick: () => place.prepend(adding(now.label, first.columns)) }, `Add a ${now.label}`)),
      el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": now.label },
        el("table", { class: "answer-table records-table" },
          el("thead", {}, el("tr", {}, first.columns.map((c) => head(c, now)))), body)),
      body.children.length ? null : el("p", { class: "quiet" }, now.filter ? `No ${now.label} holds “${now.filter}”.` : "No records."),
      note, more].filter(Boolean);
  }

  function head(column, now) {
    const mine = now.sort === column;
    const next = mine && now.order === "up" ? `-${column}` : column;
    return el("th", { scope: "col", "aria-sort": mine ? (now.order === "up" ? "ascending" : "descending") : "none" },
      el("button", { type: "button", class: "sort", onclick: () => page.state.set({ sort: next }, { replace: true }) }, column, mine ? el("span", { "aria-hidden": "true" }, now.order === "up" ? " ▲" : " ▼") : null));
  }

  function row(r, columns) {
    return el("tr", {}, r.values.map((v, i) => {
      const inside = v === null ? el("span", { class: "quiet" }, "–") : shown(v.value);
      if (i) return el("td", { class: v ? `type-${v.type}` : null }, inside);
      return el("th", { scope: "row" }, pointing(el("button", { type: "button", class: "link", title: columns[0], onclick: () => page.select(r.label, r.key) }, inside), r, page));
    }));
  }

  async function exported(now, button, note) {
    button.disabled = true;
    note.hidden = true;
    const rows = [];
    try {
      let columns = [];
      for (let offset = 0; offset !== null && rows.length < EXPORTED;) {
        const answer = await api("table", { ...now, offset, limit: 1000 });
        columns = answer.columns;
        rows.push(...answer.rows.map((r) => r.values.map((v) => (v === null ? null : v.value))));
        offset = answer.next;
        button.textContent = `CSV: ${rows.length.toLocaleString("en")}…`;
      }
      saveCsv(now.label, columns, rows);
    } catch (error) { note.textContent = error.message; note.hidden = false; }
    button.textContent = "CSV";
    button.disabled = false;
  }

  function adding(label, columns) {
    const key = about.identity[label];
    const fields = [...key, ...columns.filter((c) => ["name", "title"].includes(c) && !key.includes(c))].map((name) => ({ name, input: valueField("string", "", `new-${name}`) }));
    const said = el("p", { class: "problem", role: "alert", hidden: true });
    const form = el("form", { class: "adding", onsubmit: async (event) => {
      event.preventDefault();
      const properties = Object.fromEntries(fields.filter((f) => f.input.value.trim()).map((f) => [f.name, { type: "string", value: f.input.value.trim() }]));
      try {
        await write([{ do: "add", label, properties }]);
        page.select(label, key.map((k) => properties[k].value), { tab: "change" });
        form.remove();
      } catch (error) { said.textContent = error.message; said.hidden = false; }
    } },
      el("h3", {}, `A new ${label}`),
      fields.map((f) => el("label", { for: f.input.id }, el("span", {}, f.name), f.input)),
      el("div", { class: "tools" }, el("button", { type: "submit", class: "primary" }, "Add it to this sandbox"), el("button", { type: "button", onclick: () => form.remove() }, "Not now")), said);
    place.querySelector(".adding")?.remove();
    return form;
  }

  page.state.subscribe((changed) => { if (["of", "sort", "filter"].some((name) => changed.has(name))) show(); });
  page.onData(show);
  await show();
}
