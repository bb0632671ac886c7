// The section's data, loaded once for all ocean panels, and what can be derived from it.

import "/assets/d3/dist/d3.min.js";

export const d3 = globalThis.d3;

let asked = null;
let askedFor = "";

/** The cruise that the address names, or the graph's first. */
async function cruiseOf(page) {
  const named = page.state.get("cruise");
  if (named) return named;
  const first = await page.api("records", { label: "Cruise", limit: 1 });
  if (!first.items.length) throw new Error("The graph has no cruise.");
  return first.items[0].key[0];
}

/** The section of the address's cruise and parameter; one request, however many panels ask. */
export function load(page) {
  const wanted = `${page.state.get("cruise") ?? ""}|${page.state.get("parameter") ?? "cfc_12"}`;
  if (!asked || askedFor !== wanted) {
    askedFor = wanted;
    const mine = cruiseOf(page)
      .then((cruise) => page.api("panels/section/section", { cruise, parameter: page.state.get("parameter") ?? "cfc_12" }))
      .then(prepare);
    mine.catch(() => { if (asked === mine) asked = null; });
    asked = mine;
  }
  return asked;
}

/** What a WOCE flag makes of a value: good, doubt (3), bad (4), or missing. */
export function verdict(value, flag) {
  if (value === null || value === undefined) return "missing";
  if (flag === 3) return "doubt";
  if (flag === 4) return "bad";
  return flag === 1 || flag === 5 || flag === 9 ? "missing" : "good";
}

/** Stations with their place along the line, bottles in one list, the range of the good values. */
export function prepare(answer) {
  const stations = answer.stations.filter((s) => s.latitude !== null && s.longitude !== null);
  let before = null;
  for (const s of stations) {
    // A line across the date line goes on: 179°E, 181°E.
    s.east = before === null ? s.longitude : s.longitude + 360 * Math.round((before - s.longitude) / 360);
    before = s.east;
  }
  const span = (values) => Math.abs((d3.max(values) ?? 0) - (d3.min(values) ?? 0));
  const zonal = span(stations.map((s) => s.east)) >= span(stations.map((s) => s.latitude));
  const bottles = [];
  stations.forEach((s, index) => {
    s.x = zonal ? s.east : s.latitude;
    s.bottles = s.ids
      .map((id, i) => ({ id, sample: s.samples[i], pressure: s.pressure[i], value: s.values[i], flag: s.flags[i], station: s, index, verdict: verdict(s.values[i], s.flags[i]) }))
      .filter((b) => b.pressure !== null);
    bottles.push(...s.bottles);
  });
  const good = bottles.filter((b) => b.verdict === "good").map((b) => b.value).sort(d3.ascending);
  let [low, high] = [d3.quantileSorted(good, 0.003) ?? 0, d3.quantileSorted(good, 0.997) ?? 1];
  if (low >= -0.05 * high && low < 0.2 * high) low = 0;
  if (low === high) high = low + 1;
  const { cruise, parameter, parameters, flags } = answer;
  return { cruise, parameter, parameters, meanings: flags[parameter.scheme] ?? {}, stations, bottles, zonal, domain: [low, high], counts: d3.rollup(bottles, (v) => v.length, (b) => b.verdict) };
}

/** A place along the line as a person writes it: 167.5°W. */
export function degrees(value, zonal, digits = 0) {
  if (!zonal) return `${Math.abs(value).toFixed(digits)}°${value < 0 ? "S" : "N"}`;
  const east = ((((value + 180) % 360) + 360) % 360) - 180;
  if (Math.abs(Math.abs(east) - 180) < 1e-9) return "180°";
  return `${Math.abs(east).toFixed(digits)}°${east < 0 ? "W" : "E"}`;
}

/** A bottle as one spoken sentence. */
export function sentence(b, data) {
  const value = b.value === null ? "no value" : `${b.value} ${data.parameter.units}`;
  const flag = b.flag === null ? "" : `, flag ${b.flag}: ${data.meanings[String(b.flag)] ?? "no meaning known"}`;
  return `Station ${b.station.station}, sample ${b.sample}, ${b.pressure} decibar, ${data.parameter.name} ${value}${flag}`;
}

/** The bottle that is the selected record, or null. */
export function chosen(data, page) {
  const record = page.selected();
  return record?.label === "Bottle" ? (data.bottles.find((b) => b.id === record.key[0]) ?? null) : null;
}

/** The station in view: that of the address, of the selected record, or the first. */
export function station(data, page) {
  const named = page.state.get("station");
  return data.stations.find((s) => s.station === named) ?? null;
}

/** Open a bottle everywhere; its station comes into view. */
export const openBottle = (page, b) => page.select("Bottle", b.id, { station: b.station.station });
/** Open a station everywhere. */
export const openStation = (page, s) => page.select("Station", s.id, { station: s.station });
