// Sections as the panels use them: where a bottle lies, what its flag makes of its value, how it was before a change.
// Pure functions; what is asked of the page's server is in ocean.js.

import "/assets/d3/dist/d3.min.js";

export const d3 = globalThis.d3;

/** What a flag makes of a value: good, doubt (3), bad (4), or missing. Argo and WOCE agree on what is drawn differently. */
export function verdict(value, flag) {
  if (value === null || value === undefined) return "missing";
  if (flag === 3) return "doubt";
  if (flag === 4) return "bad";
  return flag === 9 ? "missing" : "good";
}

/** The same for WOCE's bottle flags, of which 1, 5 and 9 say that there is no value. */
export const bottleVerdict = (value, flag) => (flag === 1 || flag === 5 || flag === 9 ? "missing" : verdict(value, flag));

/** Stations with their place along the line, bottles in one list, the range of the good values. */
export function prepare(answer) {
  const stations = answer.stations.filter((s) => s.latitude !== null && s.longitude !== null).map((s) => ({ ...s }));
  let before = null;
  for (const s of stations) {
    // A line across the date line goes on: 179°E, 181°E.
    s.east = before === null ? s.longitude : s.longitude + 360 * Math.round((before - s.longitude) / 360);
    before = s.east;
  }
  const span = (values) => Math.abs((d3.max(values) ?? 0) - (d3.min(values) ?? 0));
  const zonal = span(stations.map((s) => s.east)) >= span(stations.map((s) => s.latitude));
  const bottles = [];
  for (const s of stations) {
    s.x = zonal ? s.east : s.latitude;
    s.bottles = s.ids.map((id, i) => ({ id, sample: s.samples[i], pressure: s.pressure[i], value: s.values[i], flag: s.flags[i], station: s, verdict: bottleVerdict(s.values[i], s.flags[i]) }));
    for (const b of s.bottles) bottles.push(b);
  }
  const { cruise, parameter, parameters, flags, changes } = answer;
  return {
    cruise, parameter, parameters, changes, stations, bottles, zonal,
    meanings: flags[parameter.scheme] ?? {},
    byId: new Map(bottles.map((b) => [b.id, b])),
    domain: domainOf(bottles), counts: d3.rollup(bottles, (v) => v.length, (b) => b.verdict),
    deepest: d3.max(bottles, (b) => b.pressure) ?? 1,
  };
}

/** What counts as good sets the scale, all of it: one wrong value that counts as good is seen at once. */
export function domainOf(bottles) {
  let [low, high] = d3.extent(bottles.filter((b) => b.verdict === "good"), (b) => b.value);
  if (low === undefined) return [0, 1];
  if (low >= -0.05 * high && low < 0.2 * high) low = 0;
  return low === high ? [low, high + 1] : [low, high];
}

/** The answer with other values or flags: `patches` is bottle id → {value, flag}, either may be left out. */
export function patched(answer, patches) {
  if (!patches.size) return answer;
  const stations = answer.stations.map((s) => {
    if (!s.ids.some((id) => patches.has(id))) return s;
    const of = (name, list) => s.ids.map((id, i) => { const p = patches.get(id); return p && name in p ? p[name] : list[i]; });
    return { ...s, values: of("value", s.values), flags: of("flag", s.flags) };
  });
  return { ...answer, stations };
}

/** What the recorded changes of that day and later days have to be undone to, as patches. */
export function undoing(answer, day) {
  const patches = new Map();
  for (const change of [...answer.changes].reverse()) {
    if (change.date < day) continue;
    const name = change.property === answer.parameter.variable ? "value" : "flag";
    patches.set(change.bottle, { ...patches.get(change.bottle), [name]: change.before });
  }
  return patches;
}

/** The reviewer's own edits of this parameter as patches, as they are (`after`) or as it was before them (`before`). */
export function editing(answer, edits, side) {
  const { variable } = answer.parameter;
  const patches = new Map();
  for (const edit of edits) {
    if (edit.kind !== "changed" || edit.record?.label !== "Bottle") continue;
    const name = { [variable]: "value", [`${variable}_qc`]: "flag" }[edit.name];
    if (!name) continue;
    const id = edit.record.key[0];
    patches.set(id, { ...patches.get(id), [name]: edit[side] ? Number(edit[side].value) : null });
  }
  return patches;
}

/** A place along the line as a person writes it: 167.5°W. */
export function degrees(value, zonal, digits = 0) {
  if (!zonal) return `${Math.abs(value).toFixed(digits)}°${value < 0 ? "S" : "N"}`;
  const east = ((((value + 180) % 360) + 360) % 360) - 180;
  if (Math.abs(Math.abs(east) - 180) < 1e-9) return "180°";
  return `${Math.abs(east).toFixed(digits)}°${east < 0 ? "W" : "E"}`;
}

/** A day as a person writes it: 24 Jul 2014. */
export const day = (text) => d3.utcFormat("%-d %b %Y")(new Date(text));

/** A parameter with its unit, as an axis or a choice names it. */
export const named = (parameter) => (parameter.units ? `${parameter.name} (${parameter.units})` : parameter.name);

/** What a flag means, in its vocabulary's words. */
export const meaning = (flag, data) => data.meanings[String(flag)]?.name ?? "no meaning known";

/** A bottle as one spoken sentence. */
export function sentence(b, data) {
  const value = b.value === null ? "no value" : `${b.value} ${data.parameter.units}`;
  const flag = b.flag === null ? "" : `, flag ${b.flag}: ${meaning(b.flag, data)}`;
  return `Station ${b.station.station}, sample ${b.sample}, ${b.pressure} decibar, ${data.parameter.name} ${value}${flag}`;
}
