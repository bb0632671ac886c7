// The panel of one record, in three tabs: what it is, who made it so, and what a reviewer would change.

import { pointing } from "./answer.js";
import { api } from "./api.js";
import { changeTab } from "./change.js";
import { byId, el, shown, words } from "./dom.js";
import { editsOf, nameOf, valueText } from "./edits.js";
import { historyTab } from "./history.js";

const TABS = [["record", "Record"], ["history", "History"], ["change", "Change"]];

// On a small screen the record is not where one has clicked.
let beside = null;
function peek(title) {
  const link = byId("peek");
  link.textContent = title ? `${title} ↓` : "";
  if (beside) { link.hidden = !title || beside.seen; return; }
  beside = { seen: true };
  link.addEventListener("click", (event) => {
    event.preventDefault();
    byId("record").scrollIntoView({ block: "start" });
    byId("record").focus({ preventScroll: true });
  });
  new IntersectionObserver((entries) => {
    beside.seen = entries.at(-1).isIntersecting;
    link.hidden = !link.textContent || beside.seen;
  }).observe(byId("record"));
}

let asked = 0; // answers may come in another order than their questions: the last question counts

/** Show the record that `asking` brings; `describers` are the panels' `describe` functions. */
export async function showRecord(selected, asking, { describers, page, about }) {
  const card = byId("record");
  const mine = ++asked;
  if (!selected) {
    const shown = await introduction(about);
    if (mine === asked) { card.replaceChildren(...shown); peek(""); }
    return;
  }
  card.setAttribute("aria-busy", "true");
  let answer;
  try {
    answer = await asking;
  } catch (error) {
    const shown = await gone(selected, error, page);
    if (mine !== asked) return;
    card.replaceChildren(...shown);
    card.removeAttribute("aria-busy");
    peek(selected.key.join(" · "));
    return;
  }
  const said = (await Promise.all(describers.map((d) => Promise.resolve(d(answer.record, page, answer.neighbours)).catch((error) => el("p", { class: "problem" }, error.message))))).filter(Boolean);
  if (mine !== asked) return;
  const { record } = answer;
  card.replaceChildren(
    el("header", { class: "record-head" },
      el("p", { class: "tags" }, record.labels.map((l) => el("span", { class: "tag", "data-label": l }, l))),
      el("h2", {}, record.title),
      el("p", { class: "key" }, record.key.join(" · "))),
    ...tabs({
      record: () => overview(answer, said, selected, page),
      history: () => historyTab(selected, page),
      change: () => changeTab(selected, answer, page),
    }, page));
  card.removeAttribute("aria-busy");
  peek(record.title);
}

// A record that was removed in this sandbox has no properties any more, but a history, and a way back.
async function gone(selected, error, page) {
  const head = el("header", { class: "card-head" }, el("h2", {}, selected.key.join(" · ")));
  const removed = page.changes().some((e) => e.kind === "removed" && e.record && page.isSelected({ label: e.record.label, key: e.record.key }));
  const notice = el("p", { class: removed ? "quiet" : "problem", role: "alert" }, removed ? "Removed in this sandbox. The list of changes can bring it back." : error.message);
  return [head, notice, ...(removed ? [await historyTab(selected, page)] : [])];
}

function tabs(contents, page) {
  const place = el("div", { class: "tab-place", role: "tabpanel", id: "record-tab", tabindex: "-1" });
  const buttons = TABS.map(([name, title]) => el("button", { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": "record-tab", "data-tab": name, onclick: () => page.state.set({ tab: name === "record" ? null : name }, { replace: true }) }, title));
  const list = el("div", { class: "record-tabs", role: "tablist", "aria-label": "About this record" }, buttons);
  let asked = 0;
  async function show() {
    const wanted = page.state.get("tab");
    const now = TABS.some(([name]) => name === wanted) ? wanted : "record";
    for (const button of buttons) {
      button.setAttribute("aria-selected", String(button.dataset.tab === now));
      button.tabIndex = button.dataset.tab === now ? 0 : -1;
    }
    place.setAttribute("aria-labelledby", `tab-${now}`);
    const mine = ++asked;
    place.setAttribute("aria-busy", "true");
    const content = await Promise.resolve(contents[now]()).catch((error) => el("p", { class: "problem", role: "alert" }, error.message));
    if (mine !== asked) return;
    place.replaceChildren(content);
    place.removeAttribute("aria-busy");
  }
  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = buttons[(buttons.findIndex((b) => b === document.activeElement) + step + buttons.length) % buttons.length];
    next.click();
    next.focus();
  });
  const end = page.state.subscribe((changed) => {
    if (!list.isConnected) { end(); return; }
    if (changed.has("tab") || changed.has("property")) show();
  });
  show();
  return [list, place];
}

function overview({ record, neighbours }, said, selected, page) {
  const edits = editsOf(record, page);
  return el("div", {},
    ...said,
    ...(edits.length ? [edited(edits)] : []),
    el("details", { open: !said.length },
      el("summary", {}, `Properties`, el("span", { class: "count" }, String(record.properties.length))),
      el("dl", { class: "properties" }, record.properties.flatMap((p) => property(p, edits, selected, page)))),
    el("h3", {}, "Connected"),
    neighbours.length ? el("div", {}, neighbours.map((g) => group(g, selected, page))) : el("p", { class: "quiet" }, "No relationships."));
}

const edited = (edits) => el("div", { class: "edited" },
  el("p", {}, el("strong", {}, "Changed in this sandbox")),
  el("ul", {}, edits.map((e) => el("li", {}, `${nameOf(e)} `, el("del", {}, valueText(e.before)), " → ", el("ins", {}, valueText(e.after))))));

function property(p, edits, selected, page) {
  const edit = edits.find((e) => e.name === p.name);
  const ask = el("button", { type: "button", class: "who", title: `Who changed ${p.name}?`, "aria-label": `Who changed ${p.name}?`, onclick: () => page.state.set({ tab: "history", property: p.name }) }, "?");
  return [
    el("dt", {}, p.name),
    el("dd", { class: `type-${p.type}${edit ? " is-edited" : ""}`, title: p.type }, value(p), edit ? el("span", { class: "quiet small" }, ` was ${valueText(edit.before)}`) : null, ask)];
}

function value(property) {
  const text = shown(property.value);
  // An address is a link only where it is plainly one; it opens elsewhere, and by the reader's own click.
  if (property.type === "string" && /^https?:\/\/[^\s]+$/.test(text)) {
    return el("a", { href: text, target: "_blank", rel: "noopener noreferrer" }, text);
  }
  return text;
}

function group(found, selected, page) {
  const list = el("ul", { class: "neighbours" }, found.items.map((i) => item(i, page)));
  const box = el("div", { class: "group" },
    el("h4", {}, el("span", { class: "arrow", "aria-hidden": "true" }, found.direction === "out" ? "→" : "←"), el("span", { class: "unseen" }, found.direction === "out" ? "to" : "from"), words(found.type), el("span", { class: "count" }, found.total.toLocaleString("en"))),
    list);
  if (found.next !== null) box.append(more(found, selected, list, page));
  return box;
}

function more(found, selected, list, page) {
  let next = found.next;
  const button = el("button", { type: "button", class: "more", onclick: async () => {
    button.disabled = true;
    try {
      const answer = await api("neighbours", { ...selected, type: found.type, direction: found.direction, offset: next, limit: 24 });
      list.append(...answer.items.map((i) => item(i, page)));
      next = answer.next;
      if (next === null) button.remove();
    } catch (error) {
      button.textContent = error.message;
    }
    button.disabled = false;
  } }, "Show more");
  return button;
}

function item(reference, page) {
  const properties = reference.properties.map((p) => `${p.name} ${shown(p.value)}`).join(", ");
  const inside = [el("span", { class: "found-title" }, reference.title), el("span", { class: "tag", "data-label": reference.label }, reference.label ?? reference.labels.join(" "))];
  const line = reference.label
    ? pointing(el("button", { type: "button", class: "link", onclick: () => page.select(reference.label, reference.key) }, inside), reference, page)
    : el("span", {}, inside);
  return el("li", {}, line, properties ? el("span", { class: "quiet small" }, properties) : null);
}

const many = (count, what) => `${count.toLocaleString("en")} ${what}${count === 1 ? "" : "s"}`;

async function introduction(about) {
  const found = await about();
  return [
    el("header", { class: "record-head" }, el("h2", {}, "No record selected"), el("p", { class: "quiet" }, found.project.description)),
    el("p", {}, "Search for one, or choose one in a list, a table or a drawing. Every selection has its own address."),
    el("p", { class: "quiet small" }, `${many(found.nodes, "node")}, ${many(found.relationships, "relationship")}`),
  ];
}
