// Elements from text: what comes from the graph is always text, never HTML.

/** An element with attributes (null and false are left out; on… are listeners) and children (text or nodes). */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((c) => c !== null && c !== undefined && c !== false));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** A property's value as a person reads it. */
export function shown(value) {
  if (Array.isArray(value)) return value.map(shown).join(", ");
  if (value && typeof value === "object") {
    if ("latitude" in value) return `${value.latitude}, ${value.longitude}`;
    return Object.entries(value).map(([k, v]) => `${k} ${v}`).join(", ");
  }
  return String(value);
}

/** SCREAMING_TYPE as words. */
export const words = (name) => name.toLowerCase().replaceAll("_", " ");

/** What loads a module that imports no other, when it is first asked for; one that failed is asked for again under another address. */
export function leaf(address) {
  let loading = null;
  let tries = 0;
  return () => (loading ??= import(tries ? `${address}?again=${tries}` : address).catch((error) => { loading = null; tries += 1; throw error; }));
}
