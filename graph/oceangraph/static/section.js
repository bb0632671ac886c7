// The section plot: stations along the line, pressure downward, colour the parameter; flagged bottles stand out.

import { el } from "/static/dom.js";
import { MARGIN, axes, drawAxes } from "./axes.js";
import { before } from "./before.js";
import { d3, degrees, meaning, named, sentence } from "./data.js";
import { finder } from "./hit.js";
import { ocean } from "./ocean.js";
import * as zoomed from "./zoomed.js";
import { halo, onFrame, ring, scheme, sharp, theme } from "./paint.js";
import { clip, drawBottles, drawBreak, drawCallouts, drawField, drawFloor, drawLegend, prepared } from "./plot.js";
import { saving } from "./save.js";

export { describe } from "./bottle.js";

const SHOWN = [["good", "Good"], ["doubt", "Questionable (3)"], ["bad", "Bad (4)"], ["missing", "No value"]];
const DEFAULT = "good,doubt,bad";
const WEIGHT = { bad: 1.6, doubt: 1.3 };

/** Mount the panel; see docs/reference/page.md for `page`. */
export async function mount(element, page) {
  const title = el("h2", {}, "Section");
  const subtitle = el("p", { class: "quiet small" });
  const termLink = el("button", { type: "button", class: "as-link small", onclick: () => page.select("Parameter", sea.data.parameter.code) });
  const choice = el("select", { "aria-label": "Parameter", id: "parameter" });
  const legend = el("canvas", { class: "legend", "aria-hidden": "true" });
  const filters = el("div", { class: "filters", role: "group", "aria-label": "Flags shown" });
  const canvas = el("canvas", { class: "section-canvas", tabindex: "0", role: "application", "aria-roledescription": "section plot" });
  const tip = el("div", { class: "tip", hidden: true });
  const flagged = el("div", { class: "flagged" });
  const reset = el("button", { type: "button" }, "Whole section");
  const sea = await ocean(page);
  const slider = before(page, sea);
  const save = saving(() => `${sea.data.cruise.expocode}-${sea.data.parameter.variable}${page.state.get("at") ? `-before-${page.state.get("at")}` : ""}`, { picture, table });
  element.append(
    el("header", { class: "card-head" }, el("div", {}, el("div", { class: "title-row" }, title, termLink), subtitle), el("div", { class: "tools" }, choice, reset, ...save)),
    el("div", { class: "key-row" }, filters, legend), slider.place, el("div", { class: "canvas-box" }, canvas, tip), flagged);

  let zoom = d3.zoomIdentity;
  let cursor = null;
  let made = null;
  let find = null;

  const draw = onFrame(canvas, () => {
    const { context, width, height } = sharp(canvas);
    const { data } = sea;
    const css = theme();
    const scale = axes(data, width, height, zoom);
    const still = axes(data, width, height, d3.zoomIdentity);
    const here = sea.station();
    const show = sea.flagsShown();
    if (made?.data !== data || made.w !== scale.w || made.h !== scale.h) made = { data, w: scale.w, h: scale.h, ...prepared(data, still) };
    if (!find || find.data !== data || find.w !== scale.w || find.h !== scale.h || find.flags !== page.state.get("flags")) {
      const near = finder(data.bottles.filter((b) => show.has(b.verdict)), (b) => still.baseX(b.station.x), (b) => still.baseY(b.pressure), (b) => WEIGHT[b.verdict] ?? 1);
      find = { data, w: scale.w, h: scale.h, flags: page.state.get("flags"), near };
    }
    clip(context, scale, css);
    if (show.has("good")) drawField(context, made, scale, zoom, css);
    drawFloor(context, data, scale, css);
    drawBreak(context, scale, css);
    drawBottles(context, data, scale, show, css, here);
    context.restore();
    drawAxes(context, scale, data, css, here);
    const bad = here && show.has("bad") ? here.bottles.filter((b) => b.verdict === "bad") : [];
    // What was undone is good again: it is named all the same, since it is what one looks for.
    const undone = here ? here.bottles.filter((b) => sea.undone.has(b.id) && b.verdict === "good") : [];
    drawCallouts(context, [...bad, ...undone], data, scale, css, width);
    const chosen = sea.chosen();
    if (chosen) ring(context, scale.x(chosen.station.x), scale.y(chosen.pressure), "#ffffff", 10);
    const mark = cursor ?? sea.pointed();
    if (mark && mark !== chosen) halo(context, scale.x(mark.station.x), scale.y(mark.pressure));
    canvas.dataset.pointed = mark?.id ?? "";
    expose(data, scale, here, bad, show);
  });

  // Where the flagged bottles of the station in view were painted, for tests and for whoever scripts the page.
  function expose(data, scale, here, bad, show) {
    canvas.dataset.drawn = String(data.bottles.filter((b) => show.has(b.verdict)).length);
    canvas.dataset.station = here?.station ?? "";
    canvas.dataset.domain = JSON.stringify(data.domain);
    canvas.dataset.glaring = JSON.stringify(bad.map((b) => ({ id: b.id, sample: b.sample, value: b.value, flag: b.flag, x: scale.x(here.x), y: scale.y(b.pressure) })));
  }

  function describeSection() {
    const { cruise, parameter, counts, stations, bottles } = sea.data;
    title.textContent = `${parameter.name} along ${cruise.section ?? cruise.name}`;
    subtitle.textContent = `${cruise.name} · ${stations.length} stations, ${bottles.length.toLocaleString("en")} bottles`;
    termLink.textContent = parameter.standard_name ?? "no CF standard name";
    termLink.title = parameter.description || `Parameter ${parameter.code}`;
    choice.replaceChildren(...sea.data.parameters.filter((p) => p.variable !== "pressure").map((p) => el("option", { value: p.variable, selected: p.variable === parameter.variable }, named(p))));
    filters.replaceChildren(...SHOWN.map(([name, text]) => el("label", { class: `filter ${name}` },
      el("input", { type: "checkbox", value: name, checked: sea.flagsShown().has(name), onchange: setFlags }), el("span", { class: "swatch", "aria-hidden": "true" }), text, el("span", { class: "count" }, (counts.get(name) ?? 0).toLocaleString("en")))));
    canvas.setAttribute("aria-label", `${title.textContent}. ${counts.get("bad") ?? 0} bottles flagged bad, ${counts.get("doubt") ?? 0} questionable. Arrow keys move from bottle to bottle, Enter opens one, plus and minus zoom.`);
    paintLegend();
    slider.refresh();
    listFlagged();
  }

  function paintLegend() {
    const { context, width } = sharp(legend);
    drawLegend(context, width, sea.data, theme());
  }

  function setFlags() {
    const on = [...filters.querySelectorAll("input:checked")].map((i) => i.value).join(",");
    page.state.set({ flags: on === DEFAULT ? null : on || "none" }, { replace: true });
  }

  function listFlagged() {
    const here = sea.station();
    const found = here ? here.bottles.filter((b) => b.verdict === "bad" || b.verdict === "doubt" || sea.undone.has(b.id)) : [];
    const now = sea.chosen();
    const focused = flagged.contains(document.activeElement) ? document.activeElement.dataset.bottle : null;
    flagged.replaceChildren(
      el("span", { class: "quiet small" }, here ? (found.length ? `Flagged at station ${here.station}` : `Nothing flagged at station ${here.station}`) : "Choose a station"),
      ...found.map((b) => el("button", { type: "button", class: `chip ${b.verdict}`, "aria-pressed": String(now === b), "data-bottle": b.id, title: meaning(b.flag, sea.data),
        onclick: () => sea.openBottle(b), onpointerenter: () => sea.point(b), onpointerleave: () => sea.point(null) },
        el("span", { class: "swatch", "aria-hidden": "true" }), el("strong", {}, String(b.value)), ` sample ${b.sample}, ${d3.format(",")(b.pressure)} dbar, flag ${b.flag}`)));
    if (focused) flagged.querySelector(`[data-bottle="${CSS.escape(focused)}"]`)?.focus();
  }

  function point(b, event) {
    if (b === cursor && b) return;
    cursor = b;
    tip.hidden = !b;
    if (b) showTip(tip, b, sea.data, canvas, event);
    canvas.style.cursor = b ? "pointer" : "grab";
    sea.point(b);
    draw();
  }

  function step(event) {
    if (event.key === "+" || event.key === "-") { d3.select(canvas).call(behaviour.scaleBy, event.key === "+" ? 1.5 : 1 / 1.5); return; }
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const at = cursor ?? sea.chosen() ?? sea.station()?.bottles[0] ?? sea.data.bottles[0];
    if (event.key === "Enter" && at) { event.preventDefault(); sea.openBottle(at); return; }
    if (!moves[event.key] || !at) return;
    event.preventDefault();
    const next = neighbour(sea.data, at, ...moves[event.key], sea.flagsShown());
    if (!next) return;
    point(next, null);
    page.say(sentence(next, sea.data));
  }

  const under = (event) => find?.near(...d3.pointer(event, canvas).map((v, i) => v - (i ? MARGIN.top : MARGIN.left)), zoom) ?? null;
  const behaviour = d3.zoom().scaleExtent([1, 60]).on("zoom", (event) => { zoom = event.transform; draw(); }).on("end", () => page.state.set({ zoom: zoomed.write(zoom, inside()) }, { replace: true }));
  const inside = () => behaviour.extent()()[1];
  behaviour.extent(() => [[0, 0], [Math.max(1, canvas.clientWidth - MARGIN.left - MARGIN.right), Math.max(1, canvas.clientHeight - MARGIN.top - MARGIN.bottom)]]);
  const bound = () => behaviour.translateExtent([[0, 0], behaviour.extent()()[1]]);
  // One finger scrolls the page on a small screen; two fingers, or the mouse, move the plot.
  behaviour.filter((event) => !event.ctrlKey && !event.button && !(event.type === "touchstart" && event.touches.length < 2));
  d3.select(canvas).call(behaviour).on("dblclick.zoom", null);
  // The part that the address names is kept when the plot's size is another.
  new ResizeObserver(() => { bound(); paintLegend(); canvas.__zoom = zoom = zoomed.read(page.state.get("zoom"), inside()); draw(); }).observe(canvas);
  bound();
  canvas.addEventListener("pointermove", (event) => { if (!event.buttons) point(under(event), event); });
  canvas.addEventListener("pointerleave", () => point(null));
  canvas.addEventListener("blur", () => point(null));
  canvas.addEventListener("click", (event) => { const b = under(event); if (b) sea.openBottle(b); });
  canvas.addEventListener("keydown", step);
  reset.addEventListener("click", () => d3.select(canvas).call(behaviour.transform, d3.zoomIdentity));
  choice.addEventListener("change", () => page.state.set({ parameter: choice.value, at: null, try: null }));
  scheme.addEventListener("change", paintLegend);

  function picture() {
    const { cruise, parameter } = sea.data;
    const at = page.state.get("at");
    return { title: `${title.textContent}${at ? `, as before ${at}` : ""}`, canvases: [canvas, legend], print: `${named(parameter)}. ${cruise.citation ?? ""} ${location.search}` };
  }

  function table() {
    const { parameter, bottles } = sea.data;
    const show = sea.flagsShown();
    return {
      columns: ["bottle", "station", "sample", "date", "latitude (degree_north)", "longitude (degree_east)", "pressure (dbar)", named(parameter), "flag"],
      rows: bottles.filter((b) => show.has(b.verdict)).map((b) => [b.id, b.station.station, b.sample, b.station.date, b.station.latitude, b.station.longitude, b.pressure, b.value, b.flag]),
    };
  }

  sea.onChange((what) => {
    if (what.failed) { title.textContent = what.failed.message; return; }
    if (what.data) { cursor = null; tip.hidden = true; describeSection(); }
    if (what.view) for (const box of filters.querySelectorAll("input")) box.checked = sea.flagsShown().has(box.value);
    if (what.view || what.selected) listFlagged();
    draw();
  });
  describeSection();
}

function neighbour(data, at, dx, dy, show) {
  if (dy) {
    const column = at.station.bottles.filter((b) => show.has(b.verdict));
    return column[column.indexOf(at) + dy] ?? null;
  }
  const east = [...data.stations].sort((a, b) => a.x - b.x).filter((s) => s.bottles.some((b) => show.has(b.verdict)));
  const next = east[east.indexOf(at.station) + dx];
  return next ? d3.least(next.bottles.filter((b) => show.has(b.verdict)), (b) => Math.abs(b.pressure - at.pressure)) : null;
}

function showTip(tip, b, data, canvas, event) {
  const flag = b.flag === null ? "no flag" : `flag ${b.flag}: ${meaning(b.flag, data)}`;
  tip.replaceChildren(
    el("strong", {}, b.value === null ? "no value" : `${b.value} ${data.parameter.units}`),
    el("span", { class: `verdict ${b.verdict}` }, flag),
    el("span", { class: "quiet" }, `Station ${b.station.station}, sample ${b.sample} · ${d3.format(",")(b.pressure)} dbar · ${degrees(b.station.longitude, true, 2)}`));
  const [x, y] = event ? d3.pointer(event, canvas) : [canvas.clientWidth / 2, 40];
  tip.style.left = `${Math.max(4, Math.min(x + 16, canvas.clientWidth - 250))}px`;
  tip.style.top = `${y > canvas.clientHeight - 110 ? y - 92 : y + 16}px`;
}
