// The edits of this sandbox as people read them; asked once, and told to every view after each change.

import { api, post } from "./api.js";
import * as bus from "./bus.js";
import { shown, words } from "./dom.js";

let state = { dropped: 0, proposable: true };

/** What the server said beside the edits. */
export const facts = () => state;

/** Ask for the edits; every view hears of them. At the start only where there are some: all has just been asked for. */
export async function load({ start = false } = {}) {
  const answer = await api("edits");
  if (!start || answer.edits.length || answer.dropped) take(answer, null);
  else state = answer;
}

/** Write edits, all or none; resolves when every view knows. */
export async function write(edits) {
  take(await post("edit", { edits }), edits.flatMap(touched));
}

/** Take back the edits with these numbers in the list. */
export async function undo(numbers) {
  const known = bus.changes();
  take(await post("undo", { edits: numbers, of: known.length }), numbers.map((n) => known[n]).flatMap(touched));
}

function take(answer, records) {
  state = { dropped: answer.dropped, proposable: answer.proposable };
  bus.dataChanged(records, answer.edits);
}

const ends = (link) => (link ? [link.start, link.end] : []);
const plain = (r) => ({ label: r.label, key: r.key });
const touched = (edit) => [edit.record, ...ends(edit.relationship)].filter(Boolean).map(plain);

/** The edits of one record's values. */
export const editsOf = (record, page) => page.changes().filter((e) => e.kind === "changed" && e.record && e.record.label === record.label && JSON.stringify(e.record.key) === JSON.stringify(record.key));

/** A value, or that there is none. */
export const valueText = (value) => (value === null || value === undefined ? "nothing" : shown(value.value));

/** What an edit is about: the property, with the element's number. */
export const nameOf = (edit) => (edit.index === null || edit.index === undefined ? edit.name : `${edit.name}[${edit.index}]`);

/** What an edit is about, in a few words. */
export function subject(edit) {
  if (edit.record) return edit.record.title;
  const link = edit.relationship;
  return `${link.start.title} ${words(link.type)} ${link.end.title}`;
}
