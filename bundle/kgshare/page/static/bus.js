// What links the views: the selected record, the one that is pointed at, and the news that the graph has changed.
// The selection stands in the address (label, key), so every selection can be pasted into a review.

import * as state from "./state.js";

const listeners = { select: new Set(), point: new Set(), data: new Set(), edit: new Set() };
let offered = null;
let pointed = null;
let edits = [];
let wanted = null;

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const reference = (label, key) => (label ? { label, key: [key].flat().map(String) } : null);

function on(kind, listener) {
  listeners[kind].add(listener);
  return () => listeners[kind].delete(listener);
}

// One view that fails must not keep the others from being told.
function tell(kind, ...news) {
  for (const listener of [...listeners[kind]]) {
    try {
      Promise.resolve(listener(...news)).catch((error) => console.warn(error));
    } catch (error) {
      console.warn(error);
    }
  }
}

/** The selected record, `{label, key}` with the key as a list of texts, or null. */
export function selected() {
  const label = state.get("label");
  return label && state.all("key").length ? reference(label, state.all("key")) : offered;
}

/** Select a record everywhere; `more` sets further parameters of the address in the same step. */
export function select(label, key, more = {}) {
  state.set({ label, key: label ? [key].flat() : null, tab: null, property: null, ...more });
}

/** Show a record as long as none is selected; the address stays as it is. */
export function offer(label, key) {
  const next = reference(label, key);
  if (same(offered, next)) return;
  offered = next;
  if (!state.get("label")) tell("select", selected());
}

export const isSelected = (one) => same(one, selected());
export const onSelect = (listener) => on("select", listener);

/** Highlight a record everywhere for as long as the pointer or the focus is on it; `point(null)` ends it. */
export function point(label, key) {
  const next = reference(label, key);
  if (same(pointed, next)) return;
  pointed = next;
  tell("point", pointed);
}

export const pointedAt = () => pointed;
export const onPoint = (listener) => on("point", listener);

/** The edits that this sandbox has against its baseline, oldest first; see docs/reference/page.md. */
export const changes = () => edits;

/** The edits are these now; `records` are those that were written to (null: it may be any). */
export function dataChanged(records, next = edits) {
  edits = next;
  tell("data", records);
}

/** `listener(records)`: values in the graph are others than before; `records` is a list of `{label, key}`, or null. */
export const onData = (listener) => on("data", listener);

/** Open a record with its form for changes, `values` filled in; nothing is written before the reviewer says so. */
export function edit(label, key, values) {
  wanted = { ...reference(label, key), values };
  select(label, key, { tab: "change" });
  tell("edit", wanted);
}

/** What `edit` was last called with for this record, once. */
export function wantedFor(one) {
  if (!wanted || !same({ label: wanted.label, key: wanted.key }, one)) return null;
  const { values } = wanted;
  wanted = null;
  return values;
}

export const onEdit = (listener) => on("edit", listener);

state.subscribe((changed) => {
  if (changed.has("label") || changed.has("key")) tell("select", selected());
});
