// The search box: suggestions while typing, by keyboard and by pointer.

import { api } from "./api.js";
import { byId, el } from "./dom.js";

/** Wire the search box; `open(label, key)` is called with the chosen record. */
export function mountSearch(open) {
  const input = byId("q");
  const list = byId("found");
  let found = [];
  let active = -1;
  let asked = 0;
  let timer;

  function hide() {
    list.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function mark(next) {
    active = (next + found.length) % found.length;
    [...list.children].forEach((item, i) => item.setAttribute("aria-selected", String(i === active)));
    list.children[active].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", list.children[active].id);
  }

  function choose(index) {
    const record = found[index];
    if (!record) return;
    hide();
    input.blur();
    open(record.label, record.key);
  }

  function show(records, message) {
    found = records;
    list.replaceChildren(
      ...records.map((r, i) =>
        el("li", { role: "option", id: `found-${i}`, "aria-selected": "false", onmousedown: (e) => { e.preventDefault(); choose(i); } },
          el("span", { class: "found-title" }, r.title),
          el("span", { class: "tag" }, r.label),
          el("span", { class: "found-key" }, r.key.join(" · ")))),
      ...(message ? [el("li", { class: "quiet", role: "presentation" }, message)] : []),
    );
    list.hidden = false;
    active = -1;
    input.setAttribute("aria-expanded", "true");
  }

  async function ask() {
    const q = input.value.trim();
    const mine = ++asked;
    if (q.length < 2) { found = []; hide(); return; }
    try {
      const answer = await api("search", { q, limit: 12 });
      if (mine === asked) show(answer.found, answer.found.length ? "" : `Nothing found for “${q}”`);
    } catch (error) {
      if (mine === asked) show([], error.message);
    }
  }

  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, 140); });
  input.addEventListener("focus", () => { if (input.value.trim().length > 1) ask(); });
  input.addEventListener("blur", hide);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { hide(); input.blur(); }
    else if (list.hidden || !found.length) return;
    else if (event.key === "ArrowDown") { event.preventDefault(); mark(active + 1); }
    else if (event.key === "ArrowUp") { event.preventDefault(); mark(active - 1); }
  });
  byId("search").addEventListener("submit", async (event) => {
    event.preventDefault();
    if (list.hidden || !found.length) { clearTimeout(timer); await ask(); }
    choose(Math.max(active, 0));
  });
  addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.target.closest("input, select, textarea, [contenteditable]")) {
      event.preventDefault();
      input.focus();
      input.select();
    }
  });
}
