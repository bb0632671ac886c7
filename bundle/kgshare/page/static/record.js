// The panel of one record: what the project's panels say about it, its properties, its neighbours.

import { api } from "./api.js";
import { byId, el, shown, words } from "./dom.js";

/** Show the record; `describers` are the panels' `describe` functions, `open(label, key)` follows a neighbour. */
export async function showRecord(selected, { describers, open, page, about }) {
  const card = byId("record");
  if (!selected) {
    card.replaceChildren(...(await introduction(about)));
    return;
  }
  card.setAttribute("aria-busy", "true");
  let answer;
  try {
    answer = await api("record", selected);
  } catch (error) {
    if (page.isSelected(selected)) card.replaceChildren(el("header", { class: "card-head" }, el("h2", {}, selected.key.join(" · "))), el("p", { class: "problem", role: "alert" }, error.message));
    card.removeAttribute("aria-busy");
    return;
  }
  const said = (await Promise.all(describers.map((d) => Promise.resolve(d(answer.record, page)).catch(() => null)))).filter(Boolean);
  if (!page.isSelected(selected)) return;
  const { record, neighbours } = answer;
  card.replaceChildren(
    el("header", { class: "record-head" },
      el("p", { class: "tags" }, record.labels.map((l) => el("span", { class: "tag", "data-label": l }, l))),
      el("h2", {}, record.title),
      el("p", { class: "key" }, record.key.join(" · "))),
    ...said,
    el("details", { open: !said.length },
      el("summary", {}, `Properties`, el("span", { class: "count" }, String(record.properties.length))),
      el("dl", { class: "properties" }, record.properties.flatMap((p) => [el("dt", {}, p.name), el("dd", { class: `type-${p.type}`, title: p.type }, value(p))]))),
    el("h3", {}, "Connected"),
    neighbours.length ? el("div", {}, neighbours.map((g) => group(g, selected, open))) : el("p", { class: "quiet" }, "No relationships."),
  );
  card.removeAttribute("aria-busy");
}

function value(property) {
  const text = shown(property.value);
  // An address is a link only where it is plainly one; it opens elsewhere, and by the reader's own click.
  if (property.type === "string" && /^https?:\/\/[^\s]+$/.test(text)) {
    return el("a", { href: text, target: "_blank", rel: "noopener noreferrer" }, text);
  }
  return text;
}

function group(found, selected, open) {
  const list = el("ul", { class: "neighbours" }, found.items.map((i) => item(i, open)));
  const box = el("div", { class: "group" },
    el("h4", {}, el("span", { class: "arrow", "aria-label": found.direction === "out" ? "to" : "from" }, found.direction === "out" ? "→" : "←"), words(found.type), el("span", { class: "count" }, found.total.toLocaleString("en"))),
    list);
  if (found.next !== null) box.append(more(found, selected, list, open));
  return box;
}

function more(found, selected, list, open) {
  let next = found.next;
  const button = el("button", { type: "button", class: "more", onclick: async () => {
    button.disabled = true;
    try {
      const page = await api("neighbours", { ...selected, type: found.type, direction: found.direction, offset: next, limit: 24 });
      list.append(...page.items.map((i) => item(i, open)));
      next = page.next;
      if (next === null) button.remove();
    } catch (error) {
      button.textContent = error.message;
    }
    button.disabled = false;
  } }, "Show more");
  return button;
}

function item(reference, open) {
  const properties = reference.properties.map((p) => `${p.name} ${shown(p.value)}`).join(", ");
  const inside = [el("span", { class: "found-title" }, reference.title), el("span", { class: "tag", "data-label": reference.label }, reference.label ?? reference.labels.join(" "))];
  const line = reference.label
    ? el("button", { type: "button", class: "link", onclick: () => open(reference.label, reference.key) }, inside)
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
    el("dl", { class: "properties" }, Object.entries(found.types).flatMap(([name, count]) => [el("dt", {}, words(name)), el("dd", {}, count.toLocaleString("en"))])),
  ];
}
