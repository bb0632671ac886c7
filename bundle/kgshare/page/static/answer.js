// An answer of the graph as a table, or as a drawing: for the project's questions and for a reviewer's own.

import { el, shown } from "./dom.js";
import { saveCsv } from "./download.js";
import { colour } from "./graph.js";

/** What stands under a query: the table, how many rows, and the CSV. */
export function table(answer, page, name) {
  const count = answer.rows.length;
  if (!count) return [el("p", { class: "quiet" }, "No rows.")];
  return [
    el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Answer" },
      el("table", { class: "answer-table" },
        el("thead", {}, el("tr", {}, answer.columns.map((c, i) => el("th", { scope: "col", class: numbers(answer.rows, i) ? "number" : null }, c)))),
        el("tbody", {}, answer.rows.map((row) => el("tr", {}, row.map((c) => el("td", { class: `type-${c.type}` }, cell(c, page)))))))),
    el("div", { class: "under" },
      el("p", { class: "quiet small" }, counted(answer, count)),
      el("button", { type: "button", class: "small-button", onclick: () => saveCsv(name, answer.columns, answer.rows.map((row) => row.map(plain))) }, "CSV")),
  ];
}

function counted(answer, count) {
  const rows = `${count.toLocaleString("en")} ${count === 1 ? "row" : "rows"}`;
  if (!answer.more) return rows;
  return answer.cut === "size" ? `The first ${rows}: more would be too much for a browser.` : `The first ${rows}; there are more.`;
}

const numbers = (rows, column) => rows.every((row) => ["int", "float", "null"].includes(row[column].type));

/** A value as CSV has it. */
export function plain(found) {
  if (found === null || found.type === "null") return null;
  if (found.type === "record") return found.value.key.join(" · ") || found.value.title;
  if (found.type === "relationship") return found.name;
  if (found.type === "list") return found.value.map((one) => (one && typeof one === "object" && "type" in one ? plain(one) : shown(one))).join("; ");
  if (found.type === "map") return Object.entries(found.value).map(([name, one]) => `${name}: ${plain(one)}`).join("; ");
  return typeof found.value === "object" ? shown(found.value) : found.value;
}

/** A value as nodes of the page. */
export function cell(found, page) {
  if (found.type === "null") return el("span", { class: "quiet", title: "no value" }, "–");
  if (found.type === "record") return record(found.value, page);
  if (found.type === "relationship") {
    const properties = found.value.map((p) => `${p.name} ${shown(p.value)}`).join(", ");
    return el("span", { class: "quiet" }, properties ? `${found.name} (${properties})` : found.name);
  }
  const rest = found.cut ? [el("span", { class: "quiet" }, ` … and ${found.cut.toLocaleString("en")} more`)] : [];
  if (found.type === "list") return [...found.value.flatMap((one, i) => [i ? ", " : "", inside(one, page)]), rest].flat();
  if (found.type === "map") return [...Object.entries(found.value).flatMap(([name, one], i) => [i ? ", " : "", `${name}: `, inside(one, page)]), rest].flat();
  return rest.length ? [shown(found.value), ...rest] : shown(found.value);
}

const inside = (one, page) => (one && typeof one === "object" && "type" in one ? cell(one, page) : shown(one));

/** A record as what opens it; pointing at it highlights it everywhere. */
export function record(reference, page) {
  if (!reference.label) return reference.title;
  const dot = el("span", { class: "dot", "aria-hidden": "true" });
  dot.style.background = colour(reference.label);
  const button = el("button", { type: "button", class: "link", title: reference.label, onclick: () => page.select(reference.label, reference.key) }, dot, reference.title);
  return pointing(button, reference, page);
}

/** Highlight a record everywhere while pointer or focus is on an element. */
export function pointing(element, reference, page) {
  for (const begin of ["pointerenter", "focus"]) element.addEventListener(begin, () => page.point(reference.label, reference.key));
  for (const end of ["pointerleave", "blur"]) element.addEventListener(end, () => page.point(null));
  return element;
}
