// The T–S diagram: conservative temperature against absolute salinity, lines of sigma-0 behind, all of the cruise's waters faintly.

import { el } from "/static/dom.js";
import { frame } from "./axes.js";
import { column, pointing, tipText, walking } from "./column.js";
import { d3 } from "./data.js";
import { finder } from "./hit.js";
import { ocean, patiently, waters } from "./ocean.js";
import { colours, diamond, glare, halo, onFrame, rimmed, ring, sharp, specks, theme } from "./paint.js";
import { saving } from "./save.js";

const MARGIN = { top: 22, right: 16, bottom: 38, left: 40 };

/** Mount the panel. */
export async function mount(element, page) {
  const note = el("p", { class: "quiet small" });
  const canvas = el("canvas", { class: "ts-canvas", role: "img", tabindex: "0" });
  const save = saving(() => `t-s-${shown?.key ?? ""}`, {
    picture: () => ({ title: `T–S diagram: ${shown?.title ?? ""}`, canvases: [canvas], print: `${note.textContent} Lines: potential density anomaly, kg/m³ (TEOS-10). ${shown?.citation ?? ""}` }),
    table: () => ({ columns: ["id", "pressure (dbar)", "absolute salinity (g/kg)", "conservative temperature (°C)", "sigma-0 (kg/m³)", shown?.name ?? "value", "flag"], rows: (shown?.items ?? []).map((i) => [i.id, i.pressure, i.salinity, i.temperature, i.sigma0, i.value, i.flag]) }),
  });
  element.append(el("header", { class: "card-head" }, el("div", {}, el("h2", {}, "T–S diagram"), note), el("div", { class: "tools" }, ...save)), el("div", { class: "canvas-box" }, canvas));
  const sea = await ocean(page);
  const [cloud, isopycnals] = await patiently(() => Promise.all([waters(page, sea.data.cruise.expocode), fetch(new URL("isopycnals.json", import.meta.url)).then((r) => r.json())]), page);
  let shown = null;
  let mark = null;
  let asked = 0;
  let find = null;

  async function follow() {
    const mine = ++asked;
    const next = await column(page, sea).catch(() => null);
    if (mine !== asked) return;
    shown = next;
    find = null;
    const without = shown?.items.filter((i) => i.salinity === null).length ?? 0;
    note.textContent = shown ? `${shown.title}, coloured by ${shown.name}${without ? ` · ${without} without good salinity` : ""}` : "";
    canvas.setAttribute("aria-label", shown ? `T–S diagram of ${shown.title}, ${shown.items.length - without} values. Arrow keys move, Enter opens.` : "T–S diagram");
    canvas.dataset.column = shown?.key ?? "";
    canvas.dataset.items = String((shown?.items.length ?? 0) - without);
    draw();
  }

  function scales(width, height) {
    const own = shown?.items.filter((i) => i.salinity !== null) ?? [];
    const around = shown?.label === "Level" ? own : [...own, ...spread(cloud)];
    const grow = ([low, high], by) => [low - by * (high - low || 1), high + by * (high - low || 1)];
    const x = d3.scaleLinear(grow(d3.extent(around, (i) => i.salinity), 0.06), [MARGIN.left, width - MARGIN.right]);
    const y = d3.scaleLinear(grow(d3.extent(around, (i) => i.temperature), 0.06), [height - MARGIN.bottom, MARGIN.top]);
    return { x, y };
  }

  const draw = onFrame(canvas, () => {
    const { context, width, height } = sharp(canvas);
    if (!shown?.items.some((i) => i.salinity !== null)) return;
    const css = theme();
    const { x, y } = scales(width, height);
    frame(context, { x, y, css, left: MARGIN.left, right: width - MARGIN.right, top: MARGIN.top, bottom: height - MARGIN.bottom, xTitle: "Absolute salinity, g/kg", yTitle: "Conservative temperature, °C", yFormat: String });
    context.save();
    context.beginPath();
    context.rect(MARGIN.left, MARGIN.top, width - MARGIN.left - MARGIN.right, height - MARGIN.top - MARGIN.bottom);
    context.clip();
    lines(context, isopycnals, x, y, css);
    if (shown.label === "Bottle") specks(context, cloud.salinity.map(x), cloud.temperature.map(y), css.speck, 1.6);
    points(context, shown, x, y, css, sea.flagsShown());
    const at = (id) => id && shown.items.find((i) => i.id === id && i.salinity !== null);
    const pointed = at(mark?.id ?? page.pointed()?.key[0]);
    canvas.dataset.pointed = pointed?.id ?? "";
    if (pointed) halo(context, x(pointed.salinity), y(pointed.temperature));
    const chosen = at(page.selected()?.key[0]);
    if (chosen) ring(context, x(chosen.salinity), y(chosen.temperature), css.ink, 10);
    context.restore();
    find ??= finder(shown.items.filter((i) => i.salinity !== null), (i) => x(i.salinity), (i) => y(i.temperature));
  });

  const under = (event) => find?.(...d3.pointer(event, canvas), d3.zoomIdentity, 12) ?? null;
  pointing(canvas, page, under, { says: (i) => tipText(i, shown), reference: (i) => [i.label, i.id, shown.more] });
  new ResizeObserver(() => { find = null; }).observe(canvas);
  walking(canvas, page, () => shown, (i) => { mark = i; draw(); });
  sea.onChange((what) => { if (what.pointed) draw(); else follow(); });
  await follow();
}

function spread(cloud) {
  const of = (list) => [d3.quantile(list, 0.001), d3.quantile(list, 0.999)];
  const [s, t] = [of(cloud.salinity), of(cloud.temperature)];
  return [{ salinity: s[0], temperature: t[0] }, { salinity: s[1], temperature: t[1] }];
}

function lines(context, { temperature, lines: all }, x, y, css) {
  context.font = css.font;
  context.textAlign = "center";
  context.textBaseline = "middle";
  const [top, right] = [Math.max(...y.domain()), Math.max(...x.domain())];
  for (const { sigma0, salinity } of all) {
    const points = salinity.map((s, i) => [s, temperature[i]]).filter(([s]) => s !== null);
    context.lineWidth = 0.8;
    context.strokeStyle = css.iso;
    context.beginPath();
    points.forEach(([s, t], i) => (i ? context.lineTo(x(s), y(t)) : context.moveTo(x(s), y(t))));
    context.stroke();
    // The label stands where the line leaves the plot, at its top or its right.
    const inside = points.filter(([s, t]) => s <= right && t <= top && s >= Math.min(...x.domain()) && t >= Math.min(...y.domain()));
    const end = inside.at(-1);
    if (end && Number.isInteger(sigma0)) rimmed(context, String(sigma0), Math.min(x(end[0]), x.range()[1] - 12), Math.max(y(end[1]), y.range()[1] + 8), css.quiet, css.surface);
  }
}

function points(context, shown, x, y, css, show) {
  const colour = colours(shown.domain);
  const items = shown.items.filter((i) => i.salinity !== null);
  context.beginPath();
  items.forEach((i, n) => (n ? context.lineTo(x(i.salinity), y(i.temperature)) : context.moveTo(x(i.salinity), y(i.temperature))));
  context.lineWidth = 1;
  context.strokeStyle = css.strong;
  context.stroke();
  const radius = items.length > 60 ? 2.4 : 3.6;
  for (const i of items) {
    const [px, py] = [x(i.salinity), y(i.temperature)];
    if (i.verdict === "bad" && show.has("bad")) glare(context, px, py, css.bad, items.length <= 60);
    else if (i.verdict === "doubt" && show.has("doubt")) diamond(context, px, py, css.doubt, 5);
    else {
      context.beginPath();
      context.arc(px, py, radius, 0, 7);
      context.fillStyle = i.verdict === "good" ? colour(i.value) : css.surface;
      context.fill();
      context.lineWidth = 0.8;
      context.strokeStyle = css.quiet;
      context.stroke();
    }
  }
}
