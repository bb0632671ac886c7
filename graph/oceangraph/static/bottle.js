// What the record panel says about a bottle: values with units and flags, what the flags mean, source, revisions.

import { el } from "/static/dom.js";
import { verdict } from "./data.js";

/** An element for a Bottle, null for every other record. */
export async function describe(record, page) {
  if (record.label !== "Bottle") return null;
  const bottle = await page.api("panels/section/bottle", { id: record.key[0] });
  const shown = page.state.get("parameter") ?? "cfc_12";
  const main = bottle.measured.find((m) => m.variable === shown);
  return el("div", { class: "bottle" },
    main ? headline(main, bottle) : el("p", { class: "quiet" }, "This parameter was not measured on this bottle."),
    el("dl", { class: "facts" },
      fact("Pressure", `${bottle.pressure} dbar`), fact("Station", bottle.station), fact("Cast, sample", `${bottle.cast}, ${bottle.sampno}`), fact("Bottle", bottle.btlnbr ?? "–")),
    bottle.revisions.length ? revisions(bottle) : null,
    table(bottle, shown),
    source(bottle.source));
}

const fact = (name, value) => el("div", {}, el("dt", {}, name), el("dd", {}, String(value)));
const meaning = (one, bottle) => bottle.flags[one.scheme]?.[String(one.flag)] ?? "";

function headline(main, bottle) {
  const kind = verdict(main.value, main.flag);
  return el("div", { class: `headline ${kind}` },
    el("p", { class: "headline-name" }, main.name),
    el("p", { class: "headline-value" }, String(main.value), el("span", { class: "unit" }, ` ${main.units}`)),
    main.flag === null ? null : el("p", { class: `verdict ${kind}` }, el("span", { class: "swatch", "aria-hidden": "true" }), `Flag ${main.flag}: ${meaning(main, bottle)}`));
}

function revisions(bottle) {
  return el("div", { class: "revisions" }, bottle.revisions.map((r) => el("div", { class: "revision" },
    el("p", {}, el("strong", {}, `${r.property.replace(/_qc$/, " flag")}: ${r.before} → ${r.after}`), ` on ${r.date}`),
    el("p", { class: "quiet small" }, r.description ?? r.name))));
}

function table(bottle, shown) {
  return el("table", { class: "measured" },
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Parameter"), el("th", { scope: "col", class: "number" }, "Value"), el("th", { scope: "col" }, "Unit"), el("th", { scope: "col" }, "Flag"))),
    el("tbody", {}, bottle.measured.filter((m) => m.variable !== "pressure").map((m) => el("tr", { "aria-current": m.variable === shown ? "true" : null },
      el("td", {}, m.name), el("td", { class: "number" }, String(m.value)), el("td", { class: "quiet" }, m.units),
      el("td", {}, m.flag === null ? "" : el("span", { class: `flag ${verdict(m.value, m.flag)}`, title: meaning(m, bottle) }, String(m.flag)))))));
}

function source(found) {
  if (!found.dataset) return null;
  const line = found.line ? `${found.file}, line ${found.line.toLocaleString("en")}` : (found.file ?? "");
  return el("div", { class: "source" }, el("h3", {}, "Source"), el("p", {}, found.name), line ? el("p", { class: "key" }, line) : null, el("p", { class: "quiet small" }, found.citation), found.licence ? el("p", { class: "quiet small" }, `Terms: ${found.licence}`) : null);
}

