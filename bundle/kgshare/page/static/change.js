// The tab in which a reviewer changes a record. What is typed stays until it is written or taken back, whatever happens.

import { api } from "./api.js";
import { wantedFor } from "./bus.js";
import { el, words } from "./dom.js";
import { write } from "./edits.js";
import { recordField, typeField, valueField } from "./fields.js";

const drafts = new Map(); // by record: what was typed and is not written yet

/** The form for a record; `answer` is what the API said of it. */
export async function changeTab(selected, answer, page) {
  const name = JSON.stringify([selected.label, selected.key]);
  const editable = await api("editable", selected);
  const draft = drafts.get(name) ?? {};
  for (const [property, value] of Object.entries(wantedFor(selected) ?? {})) draft[property] = { text: String(value), type: editable.properties.find((p) => p.name === property)?.type ?? kindOf(value) };
  drafts.set(name, draft);
  const said = el("p", { class: "problem", role: "alert", hidden: true });
  const save = el("button", { type: "submit", class: "primary" }, "Write to this sandbox");
  const rows = el("div", { class: "fields" });
  const form = el("form", { class: "change-form", onsubmit: (event) => { event.preventDefault(); attempt(() => writeValues()); } },
    el("p", { class: "quiet small" }, "Changes are written to this sandbox only. Nothing leaves it before you propose."),
    el("p", { class: "quiet small stays" }, `What makes it this record stays: ${editable.key.join(", ")} and its labels, ${[...new Set([selected.label, ...editable.labels])].join(", ")}. To change that, add another record and remove this one.`),
    rows, el("div", { class: "tools" }, save), said);

  function draw() {
    rows.replaceChildren(
      ...editable.properties.map((p) => row(p)),
      ...Object.entries(draft).filter(([n]) => !editable.properties.some((p) => p.name === n)).map(([n, d]) => row({ name: n, type: d.type, was: null, value: "" })),
      another());
    count();
  }

  const following = derived(selected, page);
  let followed = null;
  function count() {
    const changed = Object.keys(draft).length;
    const names = Object.keys(draft).sort();
    if (followed !== names.join()) { followed = names.join(); following.show(names); }
    save.disabled = !changed;
    save.textContent = changed > 1 ? `Write ${changed} changes to this sandbox` : "Write to this sandbox";
  }

  // In place: whoever types keeps the focus, and Enter still writes.
  function row(p) {
    const now = p.was === null ? "" : textOf(p);
    const input = valueField(p.type, draft[p.name]?.text ?? now, `change-${p.name}`);
    const turn = el("button", { type: "button", class: "small-button", onclick: () => {
      if (draft[p.name]) delete draft[p.name]; else draft[p.name] = { gone: true, text: now, type: p.type };
      if (p.was === null) { draw(); return; }
      input.value = now;
      mark();
    } });
    const note = el("p", { class: "quiet small was" });
    const box = el("div", { class: "field" }, el("label", { for: `change-${p.name}` }, p.name, el("span", { class: "quiet small" }, ` ${p.type}`)), input, turn, note);
    function mark() {
      const change = draft[p.name];
      box.classList.toggle("is-edited", Boolean(change));
      box.classList.toggle("is-gone", Boolean(change?.gone));
      input.disabled = Boolean(change?.gone);
      turn.textContent = change ? "↶" : "×";
      turn.setAttribute("aria-label", change ? `Leave ${p.name} as it is` : `Take ${p.name} away`);
      note.textContent = change && p.was !== null ? (change.gone ? "will be taken away" : `now ${now}`) : "";
      note.hidden = !note.textContent;
      count();
    }
    input.addEventListener("input", () => {
      if (input.value === now && p.was !== null) delete draft[p.name]; else draft[p.name] = { text: input.value, type: p.type };
      mark();
    });
    mark();
    return box;
  }

  // A property that this record does not have yet, but its like have.
  function another() {
    const property = el("input", { id: "new-property", list: "new-properties", autocomplete: "off", spellcheck: "false", placeholder: "property", "aria-label": "Name of a further property" });
    const type = typeField("new-type", "string");
    property.addEventListener("input", () => { const like = editable.names.find((n) => n.name === property.value); if (like) type.value = like.type; });
    const missing = editable.names.filter((n) => !editable.properties.some((p) => p.name === n.name) && !editable.key.includes(n.name));
    return el("div", { class: "field another" }, property, type,
      el("datalist", { id: "new-properties" }, missing.map((n) => el("option", { value: n.name }))),
      el("button", { type: "button", class: "small-button", onclick: () => {
        const wanted = property.value.trim();
        if (!wanted || editable.key.includes(wanted)) return;
        draft[wanted] = { text: type.value === "boolean" ? "true" : "", type: type.value };
        draw();
        rows.querySelector(`[id="change-${CSS.escape(wanted)}"]`)?.focus();
      } }, "Add"));
  }

  async function writeValues() {
    const edits = Object.entries(draft).map(([property, d]) => {
      const p = editable.properties.find((one) => one.name === property);
      return { do: "set", record: selected, name: property, was: p ? p.was : null, value: d.gone ? null : valueOf(d, p) };
    });
    await write(edits);
    drafts.delete(name);
  }

  async function attempt(work) {
    said.hidden = true;
    form.setAttribute("aria-busy", "true");
    try {
      await work();
      page.say("Written to this sandbox.");
    } catch (error) {
      said.textContent = error.kind === "conflict" ? `${error.message} Load the record again to see it.` : error.message;
      said.hidden = false;
    }
    form.removeAttribute("aria-busy");
  }

  draw();
  return el("div", {}, form, following.element, links(selected, answer, editable, attempt, page), removal(selected, answer, attempt));
}

// A number from a panel is of the property's own type; of a new one, what it looks like.
const kindOf = (value) => (typeof value === "boolean" ? "boolean" : typeof value === "number" ? (Number.isInteger(value) ? "int" : "float") : "string");

function textOf(p) {
  if (p.type === "list") return JSON.stringify(p.value);
  return p.type === "point" ? JSON.stringify(p.value) : String(p.value);
}

/** What was typed, as the API takes it. */
export function valueOf(draft, known) {
  if (draft.type === "list") return { type: "list", items: known?.items?.[0] ?? "string", value: parsed(draft.text) };
  if (draft.type === "point") return { type: "point", value: parsed(draft.text) };
  return { type: draft.type, value: draft.text };
}

function parsed(text) {
  try { return JSON.parse(text); } catch { throw new Error(`${text} is not written as JSON.`); }
}

// What rests on the values that are being changed.
function derived(selected, page) {
  const box = el("div", { "aria-live": "polite" });
  let asked = 0;
  async function show(names) {
    const mine = ++asked;
    if (!names.length) { box.replaceChildren(); return; }
    try {
      const answers = await Promise.all(names.map((name) => api("consequences", { ...selected, name })));
      if (mine === asked) box.replaceChildren(rests(answers, names, page));
    } catch (error) {
      if (mine === asked) box.replaceChildren(el("p", { class: "problem" }, error.message));
    }
  }
  return { element: box, show };
}

function rests(answers, names, page) {
  const found = [...new Map(answers.flatMap((a) => a.rests).map((r) => [JSON.stringify([r.label, r.key, r.title]), r])).values()];
  const what = names.join(", ");
  if (!found.length) return el("p", { class: "quiet small" }, `Nothing in the graph is derived from ${what}.`);
  const { next } = answers[0];
  return el("details", { class: "derived", open: found.length < 12 },
    el("summary", {}, `Derived from ${what}`, el("span", { class: "count" }, String(found.length))),
    el("p", { class: "quiet small" }, next ? "They may change with it: the proposal says how to add what follows." : "They may have to change with it."),
    el("ul", { class: "neighbours" }, found.map((r) => el("li", {}, el("button", { type: "button", class: "link", onclick: () => page.select(r.label, r.key) }, el("span", { class: "found-title" }, r.title), el("span", { class: "tag" }, r.label)), r.says ? el("span", { class: "quiet small" }, r.says) : null))));
}

function links(selected, answer, editable, attempt, page) {
  const there = answer.neighbours.flatMap((g) => g.items.filter((i) => i.label).map((i) => {
    const [start, end] = g.direction === "out" ? [selected, i] : [i, selected];
    const properties = Object.fromEntries(i.properties.map((p) => [p.name, { type: p.type, value: p.value, ...(p.items ? { items: p.items } : {}) }]));
    const relationship = { type: g.type, start: plain(start), end: plain(end), properties };
    return el("li", {}, el("span", {}, el("span", { class: "quiet" }, `${g.direction === "out" ? "→" : "←"} ${words(g.type)} `), i.title),
      el("button", { type: "button", class: "small-button", "aria-label": `Take away: ${words(g.type)} ${i.title}`, onclick: () => attempt(() => write([{ do: "remove", relationship }])) }, "×"));
  }));
  const other = recordField("the other record");
  const hidden = answer.neighbours.reduce((sum, g) => sum + g.total, 0) - there.length;
  const needs = el("span", { class: "needs" });
  const wanted = () => editable.types.find((t) => `${t.direction}|${t.type}` === kind.value)?.needs ?? [];
  // What tells two of this type between the same records apart belongs to the relationship from the start.
  const ask = () => needs.replaceChildren(...wanted().map((name) => el("input", { "aria-label": name, placeholder: name, "data-needs": name, autocomplete: "off" })));
  const kinds = editable.types.map((t) => [`${t.direction}|${t.type}`, `${t.direction === "out" ? "→" : "←"} ${words(t.type)} (${t.label})`]);
  const kind = el("select", { "aria-label": "Kind of relationship", onchange: () => ask() }, [...new Map(kinds)].map(([value, text]) => el("option", { value }, text)));
  const add = el("button", { type: "button", class: "small-button", onclick: () => attempt(() => {
    const found = other.chosen();
    if (!found) throw new Error("Choose the other record first.");
    const [direction, type] = kind.value.split("|");
    const [start, end] = direction === "out" ? [selected, found] : [found, selected];
    const properties = Object.fromEntries([...needs.querySelectorAll("input")].map((input) => [input.dataset.needs, { type: "string", value: input.value.trim() }]));
    const empty = Object.keys(properties).filter((name) => !properties[name].value);
    if (empty.length) throw new Error(`Say its ${empty.join(", ")} first: it tells two ${words(type)} apart.`);
    return write([{ do: "add", relationship: { type, start: plain(start), end: plain(end), properties } }]);
  }) }, "Connect");
  ask();
  return el("details", {}, el("summary", {}, "Relationships", el("span", { class: "count" }, String(there.length))),
    el("ul", { class: "link-list" }, there),
    hidden > 0 ? el("p", { class: "quiet small" }, `${hidden.toLocaleString("en")} more are not listed here; each can be taken away from the record at its other end.`) : null,
    kinds.length ? el("div", { class: "field another" }, kind, other.element, needs, add) : null);
}

const plain = (r) => ({ label: r.label, key: r.key });

function removal(selected, answer, attempt) {
  const count = answer.neighbours.reduce((sum, g) => sum + g.total, 0);
  const sure = el("div", { hidden: true },
    el("p", {}, `The record goes, and its ${count.toLocaleString("en")} ${count === 1 ? "relationship" : "relationships"} with it. The list of changes can bring them back.`),
    el("button", { type: "button", class: "danger", onclick: () => attempt(() => write([{ do: "remove", record: selected }])) }, "Remove it"));
  return el("details", { ontoggle: (event) => { sure.hidden = !event.target.open; } }, el("summary", {}, "Remove this record"), sure);
}

