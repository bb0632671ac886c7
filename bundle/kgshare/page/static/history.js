// Who made a record what it is: edits of this sandbox, change sets, and what upstream has it from.

import { pointing } from "./answer.js";
import { api } from "./api.js";
import { el, shown, words } from "./dom.js";
import { nameOf, subject, valueText } from "./edits.js";

/** The tab of a record's history; the address may name one property. */
export async function historyTab(selected, page) {
  const name = page.state.get("property");
  const found = await api("history", { ...selected, name });
  const chosen = name ? el("p", { class: "narrowed" }, `Only ${name}. `, el("button", { type: "button", class: "small-button", onclick: () => page.state.set({ property: null }) }, "All of it")) : null;
  const nothing = !found.edits.length && !found.changes.length;
  return el("div", { class: "history" },
    chosen,
    nothing ? el("p", {}, name ? `Nobody has changed ${name} since upstream.` : "Nobody has changed this since upstream.") : null,
    found.edits.length ? el("ol", { class: "timeline" }, el("li", { class: "mine" }, el("h3", {}, "This sandbox, not proposed yet"), found.edits.map((e) => line(e)))) : null,
    found.changes.length ? el("ol", { class: "timeline" }, grouped(found.changes).map((one) => entry(one, page))) : null,
    el("h3", {}, "Upstream has it from"),
    found.sources.length ? el("ul", { class: "sources" }, found.sources.map((s) => source(s, page))) : el("p", { class: "quiet" }, "The graph does not say."));
}

function grouped(changes) {
  const sets = new Map();
  for (const change of changes) sets.set(change.change_set.name, [...(sets.get(change.change_set.name) ?? []), change]);
  return [...sets.values()];
}

function entry(changes, page) {
  const set = changes[0].change_set;
  return el("li", {},
    el("p", { class: "when" }, el("time", { datetime: set.date }, day(set.date)), " · ", author(set.author)),
    el("p", {}, el("strong", {}, set.title)),
    changes.map((c) => line(c)),
    el("p", { class: "reason" }, set.reason),
    set.references.length ? el("ul", { class: "references" }, set.references.map((r) => el("li", {}, reference(r)))) : null,
    el("p", {}, link(set, page)));
}

/** One change: what was and what is. */
export function line(change) {
  if (change.kind === "added") return el("p", { class: "change-line" }, el("ins", {}, change.relationship ? `added ${subject(change)}` : "added"));
  if (change.kind === "removed") return el("p", { class: "change-line" }, el("del", {}, change.relationship ? `removed ${subject(change)}` : "removed"));
  return el("p", { class: "change-line" }, el("span", { class: "what" }, nameOf(change) ?? "key"), " ", el("del", {}, valueText(change.before)), " → ", el("ins", {}, valueText(change.after)));
}

export const day = (date) => date.slice(0, 10);

/** A name with its address, which opens the reader's own mail program. */
export function author(text) {
  const found = /^(.*?)\s*<([^<>\s@]+@[^<>\s@]+)>$/.exec(text);
  return found ? el("span", {}, found[1], " ", el("a", { href: `mailto:${found[2]}` }, found[2])) : el("span", {}, text);
}

/** What a proposal rests on; plain addresses and DOIs are links. */
export function reference(text) {
  const address = text.startsWith("doi:") ? `https://doi.org/${text.slice(4)}` : text;
  return /^https?:\/\/[^\s]+$/.test(address) ? el("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, text) : text;
}

const link = (set, page) => el("a", { href: `?view=changes&set=${encodeURIComponent(set.name)}`, onclick: (event) => { if (event.ctrlKey || event.metaKey) return; event.preventDefault(); page.state.set({ view: "changes", set: set.name }); } }, `Change set of ${set.changes.toLocaleString("en")} ${set.changes === 1 ? "change" : "changes"}`);

function source(found, page) {
  const by = found.by.map((p) => `${words(p.name)} ${shown(p.value)}`).join(", ");
  const facts = found.properties.filter((p) => ["citation", "licence", "license", "doi", "url", "version"].includes(p.name));
  return el("li", {},
    pointing(el("button", { type: "button", class: "link", onclick: () => page.select(found.label, found.key, { tab: null }) }, el("span", { class: "found-title" }, found.title), el("span", { class: "tag" }, found.label)), found, page),
    by ? el("p", { class: "key" }, by) : null,
    facts.length ? el("dl", { class: "properties" }, facts.flatMap((p) => [el("dt", {}, p.name), el("dd", {}, reference(p.name === "doi" && p.type === "string" ? `doi:${p.value}` : shown(p.value)))])) : null);
}
