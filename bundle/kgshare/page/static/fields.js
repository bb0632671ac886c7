// Fields of the forms for changes: a value of a type, a type, another record.

import { api } from "./api.js";
import { el } from "./dom.js";

const TYPES = ["string", "int", "float", "boolean", "date", "datetime", "localdatetime", "time", "localtime", "duration"];
const MODES = { int: "numeric", float: "decimal" };
const LIKE = { date: "2014-07-24", datetime: "2014-07-24T10:30:00Z", localdatetime: "2014-07-24T10:30:00", time: "10:30:00Z", localtime: "10:30:00", duration: "P1DT2S" };

/** A field for a value: what it holds is checked by the server, which says how it is written. */
export function valueField(type, text, id) {
  if (type === "boolean") return el("select", { id }, ["true", "false"].map((v) => el("option", { value: v, selected: v === text }, v)));
  if (type === "string" && text.length > 60) { const area = el("textarea", { id, rows: "3" }); area.value = text; return area; }
  return el("input", { id, value: text, autocomplete: "off", spellcheck: type === "string" ? null : "false", inputmode: MODES[type] ?? null, placeholder: LIKE[type] ?? null });
}

/** A choice of types. */
export function typeField(id, chosen) {
  return el("select", { id, "aria-label": "Type" }, TYPES.map((t) => el("option", { value: t, selected: t === chosen }, t)));
}

let fields = 0;

/** A field that finds a record by what is typed; `chosen()` is its reference, or null. */
export function recordField(label) {
  const id = `records-${++fields}`;
  const input = el("input", { list: id, autocomplete: "off", spellcheck: "false", placeholder: label, "aria-label": `Search for ${label}` });
  const options = el("datalist", { id });
  const found = new Map();
  let timer;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    if (input.value.trim().length < 2 || found.has(input.value)) return;
    timer = setTimeout(async () => {
      const answer = await api("search", { q: input.value.trim(), limit: 12 }).catch(() => ({ found: [] }));
      for (const r of answer.found) found.set(named(r), r);
      options.replaceChildren(...answer.found.map((r) => el("option", { value: named(r) })));
    }, 140);
  });
  return { element: el("span", { class: "record-field" }, input, options), chosen: () => found.get(input.value) ?? null };
}

const named = (r) => `${r.title} (${r.label} ${r.key.join(" · ")})`;
