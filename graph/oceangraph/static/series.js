// A float through time: pressure downward, colour the variable, one column a profile; flagged levels by their shapes.

import { el } from "/static/dom.js";
import { frame } from "./axes.js";
import { pointing } from "./column.js";
import { d3, day } from "./data.js";
import { finder } from "./hit.js";
import { DERIVED, ocean, patiently, series } from "./ocean.js";
import { colours, diamond, glare, onFrame, ring, sharp, theme } from "./paint.js";
import { drawLegend } from "./plot.js";
import { saving } from "./save.js";

const MARGIN = { top: 22, right: 12, bottom: 38, left: 46 };
const VARIABLES = [["temp", "Temperature"], ["psal", "Practical salinity"], ...Object.entries(DERIVED).map(([name, { name: words }]) => [name, words])];

/** Mount the panel. */
export async function mount(element, page) {
  const title = el("h2", {}, "Time series");
  const note = el("p", { class: "quiet small" });
  const canvas = el("canvas", { class: "series-canvas", role: "img", tabindex: "0" });
  const legend = el("canvas", { class: "legend", "aria-hidden": "true" });
  const choice = el("select", { "aria-label": "Variable of floats" }, VARIABLES.map(([name, words]) => el("option", { value: name }, words)));
  const floats = el("div", { class: "flagged floats" });
  const save = saving(() => `float-${shown?.float.wmo ?? ""}-${shown?.variable ?? ""}`, {
    picture: () => ({ title: `${title.textContent}: ${shown?.parameter.name ?? ""}`, canvases: [canvas, legend], print: shown?.float.citation ?? "" }),
    table: () => ({ columns: ["level", "profile", "date", "latitude (degree_north)", "longitude (degree_east)", "pressure (dbar)", shown?.variable ?? "value", "flag"], rows: (shown?.levels ?? []).map((l) => [l.id, l.profile.id, l.profile.date, l.profile.latitude, l.profile.longitude, l.pressure, l.value, l.flag]) }),
  });
  element.append(el("header", { class: "card-head" }, el("div", {}, title, note), el("div", { class: "tools" }, choice, ...save)), el("div", { class: "key-row" }, floats, legend), el("div", { class: "canvas-box" }, canvas));
  const sea = await ocean(page);
  const known = (await patiently(() => page.api("panels/map/places"), page)).floats;
  let shown = null;
  let asked = 0;
  let find = null;
  let made = null;
  let seen = false;

  floats.append(...known.filter((f) => f.levels).map((f) => el("button", { type: "button", class: "chip", "data-float": f.wmo, onclick: () => page.select("Float", f.wmo) }, f.wmo)));

  async function follow() {
    const mine = ++asked;
    // Where no float is chosen, the first one that has levels, once somebody looks.
    const wmo = sea.float() ?? (seen ? known.find((f) => f.levels)?.wmo : null);
    choice.value = sea.variable();
    for (const chip of floats.querySelectorAll("[data-float]")) chip.setAttribute("aria-pressed", String(chip.dataset.float === wmo));
    try {
      const next = wmo ? await series(page, wmo, sea.variable()) : null;
      if (mine !== asked) return;
      shown = next;
      note.textContent = shown ? says(shown) : "Choose a float here or on the map.";
    } catch (error) {
      if (mine !== asked) return;
      shown = null;
      note.textContent = error.message;
    }
    title.textContent = shown ? shown.float.name ?? `Float ${shown.float.wmo}` : "Time series of a float";
    canvas.hidden = legend.hidden = !shown?.levels.length;
    find = made = null;
    canvas.dataset.float = shown?.float.wmo ?? "";
    canvas.dataset.levels = String(shown?.levels.length ?? 0);
    canvas.setAttribute("aria-label", shown ? `${title.textContent}: ${note.textContent}. Arrow keys move from profile to profile.` : "No float chosen");
    draw();
  }

  function says({ levels, profiles, parameter }) {
    if (!levels.length) return `${profiles.length} profiles; their files were not read, so there are no levels.`;
    const flagged = levels.filter((l) => l.verdict === "bad" || l.verdict === "doubt").length;
    return `${parameter.name}${parameter.units ? `, ${parameter.units}` : ""} · ${profiles.length} profiles, ${levels.length.toLocaleString("en")} levels${flagged ? `, ${flagged.toLocaleString("en")} flagged` : ""}`;
  }

  function scales(width, height) {
    const times = shown.profiles.filter((p) => p.time !== null);
    const x = d3.scaleUtc(d3.extent(times, (p) => p.time), [MARGIN.left + 4, width - MARGIN.right - 4]);
    const y = d3.scaleLinear([0, (d3.max(shown.levels, (l) => l.pressure) ?? 1) * 1.02], [MARGIN.top, height - MARGIN.bottom]);
    return { x, y };
  }

  const draw = onFrame(canvas, () => {
    if (!shown?.levels.length || canvas.hidden) return;
    const { context, width, height } = sharp(canvas);
    const css = theme();
    const { x, y } = scales(width, height);
    frame(context, { x, y, css, left: MARGIN.left, right: width - MARGIN.right, top: MARGIN.top, bottom: height - MARGIN.bottom, xTitle: "", yTitle: "Pressure, dbar", xFormat: x.tickFormat(5), xTicks: Math.max(3, width / 110) });
    const show = sea.flagsShown();
    const name = `${width} ${height} ${css.surface} ${[...show]}`;
    // The levels are painted once; what moves over them is drawn each time.
    if (made?.name !== name) made = { name, canvas: picture(canvas, shown, x, y, css, show) };
    context.drawImage(made.canvas, 0, 0, width, height);
    const id = sea.profile();
    const here = shown.profiles.find((p) => p.id === id && p.time !== null);
    if (here) {
      context.strokeStyle = css.ink;
      context.setLineDash([2, 3]);
      context.strokeRect(x(here.time) - 3, MARGIN.top - 2, 6, height - MARGIN.top - MARGIN.bottom + 4);
      context.setLineDash([]);
    }
    const record = page.selected();
    const level = record?.label === "Level" ? shown.levels.find((l) => l.id === record.key[0]) : null;
    if (level) ring(context, x(level.profile.time), y(level.pressure), css.ink, 8);
    find ??= finder(shown.levels, (l) => x(l.profile.time), (l) => y(l.pressure), (l) => (l.verdict === "bad" || l.verdict === "doubt" ? 1.4 : 1));
    const key = sharp(legend);
    drawLegend(key.context, key.width, shown, css);
  });

  const under = (event) => find?.(...d3.pointer(event, canvas), d3.zoomIdentity, 10) ?? null;
  pointing(canvas, page, under, {
    says: (l) => `${day(l.profile.date)}, ${l.pressure} dbar: ${l.value ?? "no value"}${l.flag === null ? "" : `, flag ${l.flag}: ${shown.meanings[String(l.flag)]?.name ?? ""}`}`,
    reference: (l) => (l.verdict === "good" ? ["Profile", l.profile.id] : ["Level", l.id]),
  });
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || !shown) return;
    event.preventDefault();
    const order = shown.profiles.filter((p) => p.time !== null);
    const next = order[order.findIndex((p) => p.id === sea.profile()) + step];
    if (next) { page.select("Profile", next.id); page.say(`${day(next.date)}, cycle ${next.cycle}`); }
  });
  choice.addEventListener("change", () => page.state.set({ variable: choice.value === "temp" ? null : choice.value }));
  sea.onChange((what) => { if (!what.pointed) follow(); });
  const looking = new IntersectionObserver((entries) => { if (entries.some((e) => e.isIntersecting)) { seen = true; looking.disconnect(); follow(); } });
  looking.observe(element);
  await follow();
}

// A profile's column is as wide as half the way to its neighbours, a level as high: what a value stands for.
function picture(like, shown, x, y, css, show) {
  const ratio = like.width / like.clientWidth;
  const canvas = new OffscreenCanvas(like.width, like.height);
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  const colour = colours(shown.domain);
  const profiles = shown.profiles.filter((p) => p.time !== null && p.levels.length);
  const usual = d3.median(d3.pairs(profiles, (a, b) => x(b.time) - x(a.time)).filter((d) => d > 0)) ?? 4;
  profiles.forEach((p, i) => {
    const at = x(p.time);
    const left = Math.max(i ? (x(profiles[i - 1].time) + at) / 2 : at - usual / 2, at - 1.5 * usual);
    const right = Math.min(i < profiles.length - 1 ? (x(profiles[i + 1].time) + at) / 2 : at + usual / 2, at + 1.5 * usual);
    const good = show.has("good") ? p.levels.filter((l) => l.verdict === "good") : [];
    good.forEach((l, k) => {
      const top = y(k ? (good[k - 1].pressure + l.pressure) / 2 : Math.max(0, l.pressure - 5));
      const low = y(k < good.length - 1 ? (good[k + 1].pressure + l.pressure) / 2 : l.pressure + 5);
      context.fillStyle = colour(l.value);
      context.fillRect(left, top, Math.max(1, right - left + 0.4), Math.max(1, low - top + 0.4));
    });
  });
  for (const p of profiles) {
    for (const l of p.levels) {
      if (l.verdict === "doubt" && show.has("doubt")) diamond(context, x(p.time), y(l.pressure), css.doubt, 2.6);
      else if (l.verdict === "bad" && show.has("bad")) glare(context, x(p.time), y(l.pressure), css.bad, false);
    }
  }
  return canvas;
}
