// What is shown stands in the address, so that it can be pasted into a review.

const listeners = new Set();
let current = new URLSearchParams(location.search);

/** A parameter of the address, or null. */
export const get = (name) => current.get(name);
export const names = () => new Set(current.keys());
export const all = (name) => current.getAll(name);

/** Change parameters (null removes, a list repeats); by default a new step in the browser's history. */
export function set(changes, { replace = false } = {}) {
  const next = new URLSearchParams(current);
  for (const [name, value] of Object.entries(changes)) {
    next.delete(name);
    for (const one of [value].flat()) if (one !== null && one !== undefined && one !== "") next.append(name, one);
  }
  if (next.toString() === current.toString()) return;
  // Slashes and commas are legible and legal in a query.
  const address = `${location.pathname}?${next.toString().replaceAll("%2F", "/").replaceAll("%2C", ",")}`;
  history[replace ? "replaceState" : "pushState"](null, "", address);
  move(next);
}

/** Call `listener(changed)` with the set of changed names after each change. */
export function subscribe(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function move(next) {
  const names = new Set([...current.keys(), ...next.keys()]);
  const changed = new Set([...names].filter((n) => current.getAll(n).join("\u001f") !== next.getAll(n).join("\u001f")));
  current = next;
  for (const listener of listeners) listener(changed);
}

addEventListener("popstate", () => move(new URLSearchParams(location.search)));
