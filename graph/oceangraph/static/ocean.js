// What the ocean panels have in common: the section in view, as it is, as it was, as it would be; loaded once for all.

import { d3, editing, patched, prepare, undoing, verdict } from "./data.js";

let shared = null;

/** The one ocean of this page; every panel gets the same. */
export function ocean(page) {
  return (shared ??= open(page));
}

async function open(page) {
  const { state } = page;
  const listeners = new Set();
  const it = { answer: null, data: null, now: null, undone: new Map(), compared: null };

  const flagsShown = () => new Set((state.get("flags") ?? "good,doubt,bad").split(","));
  const trial = () => {
    const record = page.selected();
    const flag = state.get("try");
    if (!flag || !(flag in (it.now?.meanings ?? {})) || record?.label !== "Bottle") return null;
    const bottle = it.now.byId.get(record.key[0]);
    return bottle && bottle.flag !== Number(flag) ? new Map([[bottle.id, { flag: Number(flag) }]]) : null;
  };

  async function load() {
    const cruise = state.get("cruise") ?? (await firstCruise(page));
    it.answer = await page.api("panels/section/section", { cruise, parameter: state.get("parameter") ?? "cfc_12" });
    arrange();
  }

  function arrange() {
    it.now = prepare(it.answer);
    const at = state.get("at");
    const undone = at ? undoing(it.answer, at) : new Map();
    it.data = undone.size ? prepare(patched(it.answer, undone)) : it.now;
    it.undone = undone;
    compare();
  }

  // Old beside new: what is only tried, or else what the reviewer has already written.
  function compare() {
    const tried = trial();
    const before = editing(it.answer, page.changes(), "before");
    if (tried) it.compared = { kind: "trial", old: it.now, new: prepare(patched(it.answer, tried)), ids: [...tried.keys()] };
    else if (before.size) it.compared = { kind: "edit", old: prepare(patched(it.answer, before)), new: it.now, ids: [...before.keys()] };
    else it.compared = null;
  }

  const tell = (what) => { for (const listener of [...listeners]) listener(what); };

  Object.assign(it, {
    flagsShown,
    /** `listener(what)` after the data, the view as before, the flags shown or the selection have changed. */
    onChange: (listener) => { listeners.add(listener); return () => listeners.delete(listener); },
    /** The station in view: the address names it. */
    station: () => it.data.stations.find((s) => s.station === state.get("station")) ?? null,
    /** The bottle that is selected, as the view has it. */
    chosen: () => bottleOf(page.selected(), it.data),
    /** The bottle that is pointed at. */
    pointed: () => bottleOf(page.pointed() ?? null, it.data),
    /** The float profile that is selected (or whose level is), as an id; null where a station is in view. */
    profile: () => {
      const record = page.selected();
      if (record?.label === "Profile") return record.key[0];
      return record?.label === "Level" ? record.key[0].split("/").slice(0, 3).join("/") : null;
    },
    /** The float in view: the selected one, that of the selected profile, or the one that was last. */
    float: () => {
      const record = page.selected();
      if (record && ["Float", "Profile", "Level"].includes(record.label)) return record.key[0].split("/")[0];
      return state.get("float");
    },
    variable: () => (VARIABLES.has(state.get("variable")) ? state.get("variable") : "temp"),
    openBottle: (b) => page.select("Bottle", b.id, { station: b.station.station }),
    openStation: (s) => page.select("Station", s.id, { station: s.station }),
    point: (b) => (b ? page.point("Bottle", b.id) : page.point(null)),
    reload: load,
  });

  // A station, cast or bottle that was opened elsewhere comes into view here too.
  function follow() {
    const record = page.selected();
    if (record && ["Station", "Cast", "Bottle"].includes(record.label)) {
      const found = it.data.stations.find((s) => record.key[0] === s.id || record.key[0].startsWith(`${s.id}/`));
      if (found && found.station !== state.get("station")) state.set({ station: found.station }, { replace: true });
    }
    const float = it.float();
    if (float && float !== state.get("float")) state.set({ float }, { replace: true });
  }

  state.subscribe(async (changed) => {
    const names = ["cruise", "parameter", "at", "try", "flags", "station", "variable", "float"].filter((n) => changed.has(n));
    if (!names.length) return;
    if (changed.has("cruise") || changed.has("parameter")) {
      try { await load(); } catch (error) { page.say(error.message); tell({ failed: error }); return; }
      tell({ data: true });
    } else {
      if (changed.has("at")) arrange();
      else if (changed.has("try")) compare();
      tell({ data: changed.has("at") || changed.has("try"), view: true });
    }
    offer();
  });
  page.onSelect(() => { follow(); compare(); tell({ selected: true }); });
  page.onPoint(() => tell({ pointed: true }));
  page.onData(async () => { kept.clear(); await load().catch((error) => page.say(error.message)); tell({ data: true, written: true }); });

  // Where the address names no record, the station in view is the one to show.
  function offer() {
    const here = it.station();
    if (here) page.offer("Station", [here.id]);
  }

  await patiently(load, page);
  follow();
  compare();
  offer();
  return it;
}

/** What `ask` answers; a database that is starting or was restarted, and a connection that broke, are waited for. */
export async function patiently(ask, page) {
  for (;;) {
    try { return await ask(); } catch (error) {
      if (!["database", "time", "network"].includes(error.kind) && !(error instanceof TypeError && error.message.includes("fetch"))) throw error;
      page.say(error.message);
      await new Promise((done) => setTimeout(done, 1500));
    }
  }
}

const bottleOf = (record, data) => (record?.label === "Bottle" ? (data.byId.get(record.key[0]) ?? null) : null);

/** The cruise that the address names, or the graph's first. */
async function firstCruise(page) {
  const first = await page.api("records", { label: "Cruise", limit: 1 });
  if (!first.items.length) throw new Error("The graph has no cruise.");
  return first.items[0].key[0];
}

const kept = new Map();
/** What `ask` answers, asked once under this name until something is written. */
export const once = (name, ask) => {
  if (!kept.has(name)) kept.set(name, ask().catch((error) => { kept.delete(name); throw error; }));
  return kept.get(name);
};

/** A cruise's waters: salinity, temperature and density of its bottles as columns. */
export const waters = (page, cruise) => once(`waters ${cruise}`, () => page.api("panels/ts/waters", { cruise }));

/** One variable of a float through time, its levels with their verdict. */
export const series = (page, wmo, variable) => once(`series ${wmo} ${variable}`, async () => {
  const answer = await page.api("panels/series/series", { wmo, variable });
  const parameter = answer.parameters.find((p) => p.variable === variable) ?? derived(variable);
  const levels = [];
  for (const p of answer.profiles) {
    p.time = p.date ? Date.parse(p.date) : null;
    p.levels = p.ns.map((n, i) => ({ id: `${p.id}/${n}`, n, profile: p, pressure: p.pressure[i], value: p.values[i], flag: p.flags[i] < 0 ? null : p.flags[i] }));
    for (const l of p.levels) l.verdict = verdict(l.value, l.flag);
    if (p.time !== null) levels.push(...p.levels);
  }
  return { ...answer, parameter, levels, meanings: answer.flags[parameter.scheme] ?? {}, domain: d3.extent(levels.filter((l) => l.verdict === "good"), (l) => l.value) };
});

/** One profile of a float with all its variables. */
export const profile = (page, id) => once(`profile ${id}`, () => page.api("panels/profile/profile", { id }));

/** What a float's variables are called where no vocabulary names them: the three that the seed derives. */
export const DERIVED = {
  absolute_salinity: { name: "Absolute salinity", units: "g/kg" },
  conservative_temperature: { name: "Conservative temperature", units: "°C" },
  sigma0: { name: "Potential density anomaly", units: "kg/m³" },
};
const VARIABLES = new Set(["temp", "psal", ...Object.keys(DERIVED)]);
const derived = (variable) => ({ variable, ...(DERIVED[variable] ?? { name: variable, units: "" }) });
