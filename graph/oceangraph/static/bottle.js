// What the record panel says about a bottle: values with units and flags, what the flags and terms mean, source, revisions.

import { el } from "/static/dom.js";
import { bottleVerdict, day } from "./data.js";
import { ocean, once } from "./ocean.js";

/** An element for a Bottle, null for every other record. */
export async function describe(record, page, neighbours = []) {
  if (record.label !== "Bottle") return null;
  const [bottle, sea] = await Promise.all([known(record, neighbours, page) ?? page.api("panels/section/bottle", { id: record.key[0] }), ocean(page)]);
  const { parameters, flags, parameter: shown } = sea.answer;
  const head = el("div", {});
  const measured = parameters.filter((p) => bottle.values[p.variable] !== undefined && p.variable !== "pressure").map((p) => {
    const [value, flag] = [bottle.values[p.variable], bottle.values[`${p.variable}_qc`] ?? null];
    return { ...p, value, flag, verdict: bottleVerdict(value, flag), term: flag === null ? null : (flags[p.scheme]?.[String(flag)] ?? null) };
  });
  const main = measured.find((m) => m.variable === shown.variable);
  // The plots may show it as it was, or with another flag; then this says so too, for as long as it is on the page.
  const refresh = () => {
    const undone = main ? sea.undone.get(bottle.id) : null;
    head.replaceChildren(main ? headline(main, undone, flags, page) : el("p", { class: "quiet" }, `${shown.name} was not measured on this bottle.`));
  };
  const stop = sea.onChange((what) => { if (!what.pointed) { if (head.isConnected) refresh(); else stop(); } });
  refresh();
  return el("div", { class: "bottle" },
    head,
    el("dl", { class: "facts" },
      fact("Pressure", `${bottle.pressure} dbar`), fact("Station", bottle.station), fact("Cast, sample", `${bottle.cast}, ${bottle.sampno}`), fact("Bottle", bottle.btlnbr ?? "–")),
    bottle.revisions.length ? revisions(bottle, page) : null,
    source(bottle.source, page),
    term(shown, page),
    table(measured, shown));
}

// Of a bottle that nobody has revised the record says all; what its dataset is called is asked once for all of them.
function known(record, neighbours, page) {
  const of = (type, direction) => neighbours.filter((g) => g.type === type && g.direction === direction).flatMap((g) => g.items);
  const sources = of("DERIVED_FROM", "out");
  if (of("CHANGED", "in").length || sources.length !== 1 || sources[0].label !== "Dataset") return null;
  const own = Object.fromEntries(record.properties.map((p) => [p.name, p.value]));
  const { file, line } = Object.fromEntries(sources[0].properties.map((p) => [p.name, p.value]));
  const values = Object.fromEntries(record.properties.filter((p) => ["int", "float"].includes(p.type) && typeof p.value === "number").map((p) => [p.name, p.value]));
  const { pressure, station, cast, sampno, btlnbr } = own;
  return once(`source ${sources[0].key[0]}`, () => page.api("panels/section/source", { id: sources[0].key[0] }))
    .then((source) => ({ id: record.key[0], pressure, station, cast, sampno, btlnbr, values, source: { ...source, file, line }, revisions: [] }));
}

const fact = (name, value) => el("div", {}, el("dt", {}, name), el("dd", {}, String(value)));

function headline(now, undone, flags, page) {
  const flag = undone?.flag ?? now.flag;
  const value = undone?.value ?? now.value;
  const main = { ...now, flag, value, verdict: bottleVerdict(value, flag), term: flag === null ? null : (flags[now.scheme]?.[String(flag)] ?? null) };
  return el("div", { class: `headline ${main.verdict}` },
    undone ? el("p", { class: "small" }, `As it was before; now ${now.value}, flag ${now.flag}.`) : null,
    el("p", { class: "headline-name" }, main.name),
    el("p", { class: "headline-value" }, String(main.value), el("span", { class: "unit" }, ` ${main.units}`)),
    main.flag === null ? null : el("p", { class: `verdict ${main.verdict}` }, el("span", { class: "swatch", "aria-hidden": "true" }), `Flag ${main.flag}: ${main.term?.name ?? "no meaning known"}`),
    main.term?.description && main.term.description !== main.term.name ? el("p", { class: "small" }, main.term.description) : null,
    main.flag === null || undone ? null : trying(main, flags, page));
}

// Another flag is tried in the plots first; it is written only by the page's own form.
function trying(main, flags, page) {
  const others = [2, 3, 4].filter((f) => f !== main.flag && flags[main.scheme]?.[String(f)]);
  const now = page.state.get("try");
  return el("p", { class: "trying" }, el("span", { class: "quiet small" }, "What if its flag were"),
    others.map((f) => el("button", { type: "button", class: "chip", "aria-pressed": String(now === String(f)), title: flags[main.scheme][String(f)].name, "data-try": f, onclick: () => page.state.set({ try: String(f) }) }, String(f))));
}

function revisions(bottle, page) {
  return el("div", { class: "revisions" }, bottle.revisions.map((r) => el("div", { class: "revision" },
    el("p", {}, el("strong", {}, `${r.property.replace(/_qc$/, " flag")}: ${r.before} → ${r.after}`), ` on ${day(r.date)}, ${r.by}${r.advised.length ? `, on the word of ${r.advised.join(", ")}` : ""}`),
    el("p", { class: "quiet small" }, r.description ?? r.name, " ", el("button", { type: "button", class: "as-link", onclick: () => page.select("Revision", r.id) }, "Open the revision")))));
}

function source(found, page) {
  if (!found) return null;
  const line = found.line ? `${found.file}, line ${found.line.toLocaleString("en")}` : (found.file ?? "");
  return el("div", { class: "source" }, el("h3", {}, "Source"),
    el("p", {}, el("button", { type: "button", class: "as-link", onclick: () => page.select("Dataset", found.id) }, found.name)),
    line ? el("p", { class: "key" }, line) : null, el("p", { class: "quiet small" }, found.citation), found.licence ? el("p", { class: "quiet small" }, `Terms: ${found.licence}`) : null);
}

function term(parameter, page) {
  return el("div", { class: "source" }, el("h3", {}, "Term"),
    el("p", {}, el("button", { type: "button", class: "as-link", onclick: () => page.select("Parameter", parameter.code) }, parameter.name), parameter.source_units ? `, ${parameter.source_units}` : ""),
    parameter.description ? el("p", { class: "quiet small" }, parameter.description) : null,
    el("p", { class: "quiet small" }, parameter.standard_name ? `CF: ${parameter.standard_name}` : "CF has no standard name for it.", parameter.p01 ? ` P01: ${parameter.p01}` : ""));
}

function table(measured, shown) {
  return el("details", { open: false }, el("summary", {}, "Measured on this bottle", el("span", { class: "count" }, String(measured.length))), el("table", { class: "measured" },
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Parameter"), el("th", { scope: "col", class: "number" }, "Value"), el("th", { scope: "col" }, "Unit"), el("th", { scope: "col" }, "Flag"))),
    el("tbody", {}, measured.map((m) => el("tr", { "aria-current": m.variable === shown.variable ? "true" : null },
      el("td", {}, m.name), el("td", { class: "number" }, String(m.value)), el("td", { class: "quiet" }, m.units),
      el("td", {}, m.flag === null ? "" : el("span", { class: `flag ${m.verdict}`, title: m.term?.name ?? "" }, String(m.flag))))))));
}
