// The section plot: stations along the line, pressure downward, colour the parameter; flagged bottles stand out.

import { el } from "/static/dom.js";
import { MARGIN, axes, drawAxes } from "./axes.js";
import { chosen, d3, degrees, load, openBottle, sentence, station } from "./data.js";
import { colours, diamond, glare, onFrame, plate, ring, scheme, sharp, theme } from "./paint.js";

export { describe } from "./bottle.js";

const SHOWN = [["good", "Good"], ["doubt", "Questionable (3)"], ["bad", "Bad (4)"], ["missing", "No value"]];
const DEFAULT = "good,doubt,bad";

/** Mount the panel; see kgshare/page/panels.py for `page`. */
export async function mount(element, page) {
  const title = el("h2", {}, "Section");
  const subtitle = el("p", { class: "quiet small" });
  const choice = el("select", { "aria-label": "Parameter", id: "parameter" });
  const legend = el("canvas", { class: "legend", "aria-hidden": "true" });
  const filters = el("div", { class: "filters", role: "group", "aria-label": "Flags shown" });
  const canvas = el("canvas", { class: "section-canvas", tabindex: "0", role: "application", "aria-roledescription": "section plot" });
  const tip = el("div", { class: "tip", hidden: true });
  const flagged = el("div", { class: "flagged" });
  const reset = el("button", { type: "button" }, "Whole section");
  element.append(
    el("header", { class: "card-head" }, el("div", {}, title, subtitle), el("div", { class: "tools" }, choice, reset)),
    el("div", { class: "key-row" }, filters, legend), el("div", { class: "canvas-box" }, canvas, tip), flagged);

  let data = await load(page);
  let zoom = d3.zoomIdentity;
  let cursor = null;
  const visible = () => new Set((page.state.get("flags") ?? DEFAULT).split(","));

  const draw = onFrame(canvas, () => {
    const { context, width, height } = sharp(canvas);
    const css = theme();
    const scale = axes(data, width, height, zoom);
    const here = station(data, page);
    context.save();
    context.beginPath();
    context.rect(MARGIN.left, MARGIN.top, scale.w, scale.h);
    context.fillStyle = css.raised;
    context.fill();
    context.clip();
    const show = visible();
    if (show.has("good")) drawField(context, data, scale);
    if (scale.split) hairline(context, scale, css);
    drawBottles(context, data, scale, show, css, here);
    context.restore();
    drawAxes(context, scale, data, css, here);
    drawCallouts(context, scale, css, width, show, here, page, data);
    const mark = cursor ?? chosen(data, page);
    if (mark) ring(context, scale.x(mark.station.x), scale.y(mark.pressure), "#ffffff", cursor ? 8 : 10);
    canvas.dataset.drawn = String(data.bottles.filter((b) => show.has(b.verdict)).length);
    expose(canvas, scale, here, show);
  });

  function describeSection() {
    const { cruise, parameter, counts } = data;
    title.textContent = `${parameter.name} along ${cruise.section ?? cruise.name}`;
    subtitle.textContent = `${cruise.name} · ${data.stations.length} stations, ${data.bottles.length.toLocaleString("en")} bottles`;
    choice.replaceChildren(...data.parameters.filter((p) => p.variable !== "pressure").map((p) => el("option", { value: p.variable, selected: p.variable === parameter.variable }, p.units ? `${p.name} (${p.units})` : p.name)));
    filters.replaceChildren(...SHOWN.map(([name, text]) => el("label", { class: `filter ${name}` },
      el("input", { type: "checkbox", value: name, checked: visible().has(name), onchange: setFlags }), el("span", { class: "swatch", "aria-hidden": "true" }), text, el("span", { class: "count" }, (counts.get(name) ?? 0).toLocaleString("en")))));
    canvas.setAttribute("aria-label", `${title.textContent}. ${counts.get("bad") ?? 0} bottles flagged bad, ${counts.get("doubt") ?? 0} questionable. Arrow keys move from bottle to bottle, Enter opens one.`);
    drawLegend(legend, data);
    listFlagged();
  }

  function setFlags() {
    const on = [...filters.querySelectorAll("input:checked")].map((i) => i.value).join(",");
    page.state.set({ flags: on === DEFAULT ? null : on || "none" }, { replace: true });
  }

  function listFlagged() {
    const here = station(data, page);
    const found = here ? here.bottles.filter((b) => b.verdict === "bad" || b.verdict === "doubt") : [];
    const now = chosen(data, page);
    flagged.replaceChildren(
      el("span", { class: "quiet small" }, here ? (found.length ? `Flagged at station ${here.station}` : `Nothing flagged at station ${here.station}`) : "Choose a station"),
      ...found.map((b) => el("button", { type: "button", class: `chip ${b.verdict}`, "aria-pressed": String(now === b), "data-bottle": b.id, onclick: () => openBottle(page, b), title: data.meanings[String(b.flag)] ?? "" },
        el("span", { class: "swatch", "aria-hidden": "true" }), el("strong", {}, String(b.value)), ` sample ${b.sample}, ${d3.format(",")(b.pressure)} dbar, flag ${b.flag}`)));
  }

  // A station, cast or bottle that was opened elsewhere (search, graph, record) comes into view here too.
  function bringIntoView() {
    const record = page.selected();
    if (!record || !["Station", "Cast", "Bottle"].includes(record.label)) return;
    const found = data.stations.find((s) => record.key[0] === s.id || record.key[0].startsWith(`${s.id}/`));
    if (found && found.station !== page.state.get("station")) page.state.set({ station: found.station }, { replace: true });
  }

  function nearest(event) {
    const [px, py] = d3.pointer(event, canvas);
    const { width, height } = canvas.getBoundingClientRect();
    const scale = axes(data, width, height, zoom);
    const show = visible();
    let [best, least] = [null, 16 * 16];
    for (const b of data.bottles) {
      if (!show.has(b.verdict)) continue;
      const weight = b.verdict === "bad" ? 0.35 : b.verdict === "doubt" ? 0.6 : 1;
      const distance = ((scale.x(b.station.x) - px) ** 2 + (scale.y(b.pressure) - py) ** 2) * weight;
      if (distance < least) [best, least] = [b, distance];
    }
    return best;
  }

  function point(b, event) {
    if (b === cursor && b) return;
    cursor = b;
    tip.hidden = !b;
    if (b) showTip(tip, b, data, canvas, event);
    canvas.style.cursor = b ? "pointer" : "grab";
    draw();
  }

  function step(event) {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const at = cursor ?? chosen(data, page) ?? station(data, page)?.bottles[0] ?? data.bottles[0];
    if (event.key === "Enter" && at) { event.preventDefault(); openBottle(page, at); return; }
    if (!moves[event.key] || !at) return;
    event.preventDefault();
    const next = neighbour(data, at, ...moves[event.key], visible());
    if (!next) return;
    point(next, null);
    page.say(sentence(next, data));
  }

  const behaviour = d3.zoom().scaleExtent([1, 60]).on("zoom", (event) => { zoom = event.transform; draw(); });
  behaviour.extent(() => [[0, 0], [Math.max(1, canvas.clientWidth - MARGIN.left - MARGIN.right), Math.max(1, canvas.clientHeight - MARGIN.top - MARGIN.bottom)]]);
  behaviour.translateExtent([[0, 0], [1, 1]]);
  const bound = () => behaviour.translateExtent([[0, 0], behaviour.extent()()[1]]);
  // One finger scrolls the page on a small screen; two fingers, or the mouse, move the plot.
  behaviour.filter((event) => !event.ctrlKey && !event.button && !(event.type === "touchstart" && event.touches.length < 2));
  new ResizeObserver(bound).observe(canvas);
  bound();
  d3.select(canvas).call(behaviour).on("dblclick.zoom", null);
  canvas.addEventListener("pointermove", (event) => point(nearest(event), event));
  canvas.addEventListener("pointerleave", () => point(null));
  canvas.addEventListener("blur", () => point(null));
  canvas.addEventListener("click", (event) => { const b = nearest(event); if (b) openBottle(page, b); });
  canvas.addEventListener("keydown", step);
  reset.addEventListener("click", () => d3.select(canvas).call(behaviour.transform, d3.zoomIdentity));
  choice.addEventListener("change", () => page.state.set({ parameter: choice.value }));
  scheme.addEventListener("change", () => drawLegend(legend, data));

  async function follow(changed) {
    if (changed.has("cruise") || changed.has("parameter")) {
      element.setAttribute("aria-busy", "true");
      try { data = await load(page); } catch (error) { page.say(error.message); title.textContent = error.message; }
      element.removeAttribute("aria-busy");
      describeSection();
    }
    if (changed.has("flags")) for (const box of filters.querySelectorAll("input")) box.checked = visible().has(box.value);
    offerStation();
    listFlagged();
    draw();
  }
  // Where the address names no record, the station in view is the one to show.
  function offerStation() {
    const here = station(data, page);
    if (here) page.offer("Station", [here.id]);
  }
  page.state.subscribe(follow);
  page.onSelect(() => { bringIntoView(); listFlagged(); draw(); });
  describeSection();
  offerStation();
}

// Each good value fills its share of the water: half-way to its neighbours in the cast and on the line.
function drawField(context, data, scale) {
  const colour = colours(data.domain);
  const casts = data.stations.map((s) => ({ x: s.x, good: s.bottles.filter((b) => b.verdict === "good") })).filter((c) => c.good.length).sort((a, b) => a.x - b.x);
  casts.forEach((cast, i) => {
    const left = i ? (casts[i - 1].x + cast.x) / 2 : cast.x;
    const right = i < casts.length - 1 ? (casts[i + 1].x + cast.x) / 2 : cast.x;
    const x1 = Math.floor(scale.x(left));
    const x2 = Math.ceil(scale.x(right));
    if (x2 < MARGIN.left || x1 > MARGIN.left + scale.w) return;
    cast.good.forEach((b, k) => {
      const top = k ? (cast.good[k - 1].pressure + b.pressure) / 2 : 0;
      const low = k < cast.good.length - 1 ? (cast.good[k + 1].pressure + b.pressure) / 2 : b.pressure;
      const y = Math.floor(scale.y(top));
      context.fillStyle = colour(b.value);
      context.fillRect(x1, y, Math.max(1, x2 - x1), Math.max(1, Math.ceil(scale.y(low)) - y));
    });
  });
}

function hairline(context, scale, css) {
  context.fillStyle = css.surface;
  context.fillRect(MARGIN.left, Math.round(scale.y(scale.split)) - 1, scale.w, 2);
}

function drawBottles(context, data, scale, show, css, here) {
  const later = [];
  for (const b of data.bottles) {
    if (!show.has(b.verdict)) continue;
    const [x, y] = [scale.x(b.station.x), scale.y(b.pressure)];
    if (x < MARGIN.left - 20 || x > MARGIN.left + scale.w + 20) continue;
    if (b.verdict === "bad" || b.verdict === "doubt") { later.push([b, x, y]); continue; }
    context.fillStyle = b.verdict === "missing" ? css.strong : "rgba(255, 255, 255, 0.5)";
    context.fillRect(x - 0.7, y - 0.7, 1.4, 1.4);
  }
  later.sort((a, b) => rank(a[0], here) - rank(b[0], here));
  for (const [b, x, y] of later) {
    if (b.verdict === "doubt") diamond(context, x, y, css.doubt, b.station === here ? 5 : 3.4);
    else glare(context, x, y, css.bad, b.station === here);
  }
}

const rank = (b, here) => (b.station === here ? 2 : 0) + (b.verdict === "bad" ? 1 : 0);

function drawCallouts(context, scale, css, width, show, here, page, data) {
  if (!here || !show.has("bad")) return;
  context.font = css.font;
  for (const b of here.bottles.filter((one) => one.verdict === "bad")) {
    const [x, y] = [scale.x(here.x), scale.y(b.pressure)];
    if (x < MARGIN.left || x > MARGIN.left + scale.w || y < MARGIN.top || y > MARGIN.top + scale.h) continue;
    plate(context, `${b.value} ${data.parameter.units} · flag ${b.flag}`, x, y, { ...css, width, colour: css.bad });
  }
}

// Where the flagged bottles of the station in view were painted, for tests and for whoever scripts the page.
function expose(canvas, scale, here, show) {
  const found = here ? here.bottles.filter((b) => b.verdict === "bad" && show.has("bad")) : [];
  canvas.dataset.station = here?.station ?? "";
  canvas.dataset.glaring = JSON.stringify(found.map((b) => ({ id: b.id, sample: b.sample, value: b.value, flag: b.flag, x: scale.x(here.x), y: scale.y(b.pressure) })));
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
  const flag = b.flag === null ? "no flag" : `flag ${b.flag}: ${data.meanings[String(b.flag)] ?? ""}`;
  tip.replaceChildren(
    el("strong", {}, b.value === null ? "no value" : `${b.value} ${data.parameter.units}`),
    el("span", { class: `verdict ${b.verdict}` }, flag),
    el("span", { class: "quiet" }, `Station ${b.station.station}, sample ${b.sample} · ${d3.format(",")(b.pressure)} dbar · ${degrees(b.station.longitude, true, 2)}`));
  const [x, y] = event ? d3.pointer(event, canvas) : [canvas.clientWidth / 2, 40];
  tip.style.left = `${Math.max(4, Math.min(x + 16, canvas.clientWidth - 250))}px`;
  tip.style.top = `${y > canvas.clientHeight - 110 ? y - 92 : y + 16}px`;
}

function drawLegend(canvas, data) {
  const { context, width } = sharp(canvas);
  const css = theme();
  const colour = colours(data.domain);
  const [low, high] = data.domain;
  context.font = css.font;
  const unit = data.parameter.units;
  const w = width - 30 - (unit ? context.measureText(unit).width : 0);
  for (let i = 0; i < w; i++) {
    context.fillStyle = colour(low + ((high - low) * i) / w);
    context.fillRect(10 + i, 3, 1.5, 9);
  }
  context.fillStyle = css.quiet;
  context.textBaseline = "top";
  const ticks = d3.ticks(low, high, 3);
  context.textAlign = "left";
  context.fillText(unit, w + 18, 2);
  context.textAlign = "center";
  ticks.forEach((tick) => {
    context.fillText(d3.format(",")(tick), 10 + (w * (tick - low)) / (high - low), 16);
  });
}
