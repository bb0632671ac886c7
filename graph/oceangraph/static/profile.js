// The profile in view: value against pressure. What lies far outside of the good values is pinned to the edge, with its value.

import { el } from "/static/dom.js";
import { frame } from "./axes.js";
import { column, pointing, tipText, walking } from "./column.js";
import { d3 } from "./data.js";
import { ocean } from "./ocean.js";
import { colours, diamond, glare, halo, onFrame, plate, ring, sharp, theme } from "./paint.js";
import { saving } from "./save.js";

const MARGIN = { top: 22, right: 16, bottom: 38, left: 46 };

/** Mount the panel. */
export async function mount(element, page) {
  const title = el("h2", {}, "Profile");
  const note = el("p", { class: "quiet small" });
  const canvas = el("canvas", { class: "profile-canvas", role: "img", tabindex: "0" });
  const save = saving(() => `profile-${shown?.key ?? ""}`, {
    picture: () => ({ title: `${title.textContent}: ${shown?.name ?? ""}`, canvases: [canvas], print: `${note.textContent} ${shown?.citation ?? ""}` }),
    table: () => ({ columns: ["id", "pressure (dbar)", shown?.units ? `${shown.name} (${shown.units})` : (shown?.name ?? "value"), "flag"], rows: (shown?.items ?? []).map((i) => [i.id, i.pressure, i.value, i.flag]) }),
  });
  element.append(el("header", { class: "card-head" }, el("div", {}, title, note), el("div", { class: "tools" }, ...save)), el("div", { class: "canvas-box" }, canvas));
  const sea = await ocean(page);
  let shown = null;
  let mark = null;
  let asked = 0;

  async function follow() {
    const mine = ++asked;
    try {
      const next = await column(page, sea);
      if (mine !== asked) return;
      shown = next;
      title.textContent = shown?.title ?? "Profile";
      note.textContent = shown ? `${shown.name}${shown.units ? `, ${shown.units}` : ""} · ${shown.note}` : "Choose a station in the section or on the map.";
    } catch (error) {
      if (mine !== asked) return;
      shown = null;
      note.textContent = error.message;
    }
    canvas.setAttribute("aria-label", shown ? `Profile of ${shown.name}, ${shown.title}, ${shown.items.length} values. Arrow keys move, Enter opens.` : "No profile");
    canvas.dataset.column = shown?.key ?? "";
    canvas.dataset.items = String(shown?.items.length ?? 0);
    draw();
  }

  const draw = onFrame(canvas, () => {
    const { context, width, height } = sharp(canvas);
    canvas.dataset.pointed = shown?.items.find((i) => i.id === (mark?.id ?? page.pointed()?.key[0]))?.id ?? "";
    if (shown?.items.length) paint(context, width, height, shown, { selected: page.selected()?.key[0], pointed: mark?.id ?? page.pointed()?.key[0], show: sea.flagsShown() });
  });

  function under(event) {
    if (!shown) return null;
    const [px, py] = d3.pointer(event, canvas);
    const scale = scales(shown, canvas.clientWidth, canvas.clientHeight);
    const far = (i) => Math.hypot(scale.pin(i.value) - px, scale.y(i.pressure) - py);
    const found = d3.least(shown.items.filter((i) => i.verdict !== "missing"), far);
    return found && far(found) < 18 ? found : null;
  }

  pointing(canvas, page, under, { says: (i) => tipText(i, shown), reference: (i) => [i.label, i.id, shown.more] });
  walking(canvas, page, () => shown, (i) => { mark = i; draw(); });
  sea.onChange((what) => { if (what.pointed) draw(); else follow(); });
  await follow();
}

function scales(shown, width, height) {
  const good = shown.items.filter((i) => i.verdict === "good").map((i) => i.value);
  const [low, high] = good.length > 1 ? d3.extent(good) : [shown.domain[0] ?? 0, shown.domain[1] ?? 1];
  const pad = (high - low) * 0.08 || 0.1;
  const x = d3.scaleLinear([low - pad, high + pad], [MARGIN.left, width - MARGIN.right]).nice(4);
  const y = d3.scaleLinear([shown.from ?? 0, (d3.max(shown.items, (i) => i.pressure) ?? 1) * 1.04], [MARGIN.top, height - MARGIN.bottom]);
  return { x, y, pin: (value) => Math.max(MARGIN.left + 9, Math.min(x(value), width - MARGIN.right - 9)) };
}

/** Draw a profile; `old` beside `new` uses the same. */
export function paint(context, width, height, shown, { selected, pointed, show }) {
  const css = theme();
  const scale = scales(shown, width, height);
  frame(context, { ...scale, css, left: MARGIN.left, right: width - MARGIN.right, top: MARGIN.top, bottom: height - MARGIN.bottom, xTitle: shown.units ? `${shown.name}, ${shown.units}` : shown.name, yTitle: "Pressure, dbar" });
  const colour = colours(shown.domain);
  const good = show.has("good") ? shown.items.filter((i) => i.verdict === "good") : [];
  context.beginPath();
  good.forEach((i, n) => (n ? context.lineTo(scale.x(i.value), scale.y(i.pressure)) : context.moveTo(scale.x(i.value), scale.y(i.pressure))));
  context.strokeStyle = css.strong;
  context.lineWidth = 1.25;
  context.stroke();
  const radius = good.length > 60 ? 2.4 : 3.6;
  for (const i of good) {
    context.beginPath();
    context.arc(scale.x(i.value), scale.y(i.pressure), radius, 0, 7);
    context.fillStyle = colour(i.value);
    context.fill();
    context.lineWidth = 0.8;
    context.strokeStyle = css.quiet;
    context.stroke();
  }
  context.font = css.font;
  for (const i of shown.items.filter((one) => one.verdict === "bad" && show.has("bad"))) {
    const [x, y] = [scale.pin(i.value), scale.y(i.pressure)];
    glare(context, x, y, css.bad, shown.items.length < 60);
    const off = Math.abs(scale.x(i.value) - x) > 1;
    const text = off ? (scale.x(i.value) > x ? `${i.value} →` : `← ${i.value}`) : String(i.value);
    if (shown.items.length < 60) plate(context, text, x, y, { ...css, width, colour: css.bad });
  }
  for (const i of shown.items.filter((one) => one.verdict === "doubt" && show.has("doubt"))) diamond(context, scale.pin(i.value), scale.y(i.pressure), css.doubt, 5);
  for (const [id, mark] of [[pointed, halo], [selected, (c, x, y) => ring(c, x, y, css.ink, 10)]]) {
    const i = id && shown.items.find((one) => one.id === id && one.value !== null);
    if (i) mark(context, scale.pin(i.value), scale.y(i.pressure));
  }
}
