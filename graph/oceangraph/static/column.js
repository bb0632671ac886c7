// What stands in view as a column of values: a station's bottles, or the levels of a float's profile. Profile and T–S draw it.

import { d3, degrees, meaning, verdict } from "./data.js";
import { DERIVED, profile, waters } from "./ocean.js";

const ARGO = { temp: "Temperature", psal: "Practical salinity" };
const UNITS = { temp: "°C", psal: "" };

/**
 * The column in view, or null: `{title, note, name, units, items, domain, open, chosen}`; an item is
 * `{id, label, pressure, value, flag, verdict, salinity, temperature, sigma0}`, the last three null where the seed derived none.
 */
export async function column(page, sea) {
  const id = sea.profile();
  return id ? ofProfile(page, sea, id) : ofStation(page, sea);
}

async function ofStation(page, sea) {
  const here = sea.station();
  if (!here) return null;
  const { data } = sea;
  const water = await waterOf(page, data.cruise.expocode);
  return {
    key: `Station ${here.id}`, title: `Station ${here.station}`, place: here, name: data.parameter.name, units: data.parameter.units, variable: data.parameter.variable, domain: data.domain,
    note: `${here.date?.slice(0, 10) ?? ""} · ${where(here)}`, label: "Bottle", citation: data.cruise.citation,
    items: here.bottles.map((b) => ({ ...b, label: "Bottle", ...(water.get(b.id) ?? NONE), says: `sample ${b.sample}`, meaning: b.flag === null ? "" : meaning(b.flag, data) })),
    more: { station: here.station },
  };
}

async function ofProfile(page, sea, id) {
  const found = await profile(page, id);
  const variable = sea.variable();
  const items = found.levels.map((l) => {
    const { value, flag } = l[variable];
    return { id: l.id, label: "Level", pressure: l.pressure, value: value ?? null, flag: flag ?? null, verdict: verdict(value, flag), salinity: l.absolute_salinity.value, temperature: l.conservative_temperature.value, sigma0: l.sigma0.value, says: `level ${l.n}`, meaning: "" };
  });
  const good = items.filter((i) => i.verdict === "good");
  const modes = { R: "real time", A: "real time, adjusted", D: "delayed mode" };
  return {
    key: `Profile ${id}`, title: found.name, name: ARGO[variable] ?? DERIVED[variable].name, units: UNITS[variable] ?? DERIVED[variable].units, variable, domain: d3.extent(good, (i) => i.value),
    note: `${found.date?.slice(0, 10) ?? "no date"} · ${where(found)} · ${modes[found.mode] ?? found.mode}${items.length ? "" : " · its file was not read: no levels"}`,
    label: "Level", items, more: {},
  };
}

const NONE = { salinity: null, temperature: null, sigma0: null };
const tables = new WeakMap();

async function waterOf(page, cruise) {
  const answer = await waters(page, cruise);
  if (!tables.has(answer)) tables.set(answer, new Map(answer.ids.map((id, i) => [id, { salinity: answer.salinity[i], temperature: answer.temperature[i], sigma0: answer.sigma0[i] }])));
  return tables.get(answer);
}

const where = (place) => (place.latitude === null || place.longitude === null ? "no position" : `${degrees(place.latitude, false, 2)} ${degrees(place.longitude, true, 2)}`);

/** Walks a column with the arrow keys and opens with Enter; `show(item)` marks one. */
export function walking(canvas, page, current, show) {
  let at = null;
  canvas.addEventListener("keydown", (event) => {
    const column = current();
    const items = column?.items.filter((i) => i.value !== null) ?? [];
    if (!items.length) return;
    if (event.key === "Enter" && at) { event.preventDefault(); page.select(at.label, at.id, column.more); return; }
    const step = { ArrowUp: -1, ArrowDown: 1, ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const record = page.selected();
    const from = items.indexOf(items.find((i) => i.id === (at?.id ?? record?.key[0])));
    at = items[Math.max(0, Math.min(items.length - 1, from + step))];
    show(at);
    page.say(`${column.title}, ${at.says}, ${at.pressure} decibar, ${column.name} ${at.value} ${column.units}${at.flag === null ? "" : `, flag ${at.flag} ${at.meaning}`}`);
  });
  canvas.addEventListener("blur", () => { at = null; show(null); });
}

/** An item of a column as a tip's text. */
export const tipText = (i, column) => `${i.value} ${column.units} at ${d3.format(",")(i.pressure)} dbar, ${i.says}${i.flag === null ? "" : `, flag ${i.flag} ${i.meaning}`}`;

/** Pointer on a plot: `under(event)` finds an item, which is then pointed at everywhere; a click opens `reference(item)`. */
export function pointing(canvas, page, under, { says, reference }) {
  canvas.addEventListener("click", (event) => { const item = under(event); if (item) page.select(...reference(item)); });
  canvas.addEventListener("pointermove", (event) => {
    const item = under(event);
    canvas.style.cursor = item ? "pointer" : "";
    canvas.title = item ? says(item) : "";
    if (item) page.point(...reference(item).slice(0, 2)); else page.point(null);
  });
  canvas.addEventListener("pointerleave", () => page.point(null));
}
