// The profile of the station in view: value against pressure. What lies far outside is pinned to the edge, with its value.

import { el } from "/static/dom.js";
import { chosen, d3, load, openBottle, station } from "./data.js";
import { colours, diamond, glare, onFrame, plate, ring, sharp, theme } from "./paint.js";

const MARGIN = { top: 10, right: 16, bottom: 34, left: 44 };

/** Mount the panel. */
export async function mount(element, page) {
  const title = el("h2", {}, "Profile");
  const note = el("p", { class: "quiet small" });
  const canvas = el("canvas", { class: "profile-canvas", role: "img" });
  element.append(el("header", { class: "card-head" }, el("div", {}, title, note)), el("div", { class: "canvas-box" }, canvas));
  let data = await load(page);

  const draw = onFrame(canvas, () => {
    const { context, width, height } = sharp(canvas);
    const here = station(data, page);
    title.textContent = here ? `Station ${here.station}` : "Profile";
    note.textContent = here ? `${data.parameter.name}${data.parameter.units ? `, ${data.parameter.units}` : ""} · ${here.date?.slice(0, 10) ?? ""} · ${Math.abs(here.latitude).toFixed(2)}°${here.latitude < 0 ? "S" : "N"} ${Math.abs(here.longitude).toFixed(2)}°${here.longitude < 0 ? "W" : "E"}` : "Choose a station in the section or on the map.";
    canvas.setAttribute("aria-label", here ? `Profile of ${data.parameter.name} at station ${here.station}, ${here.bottles.length} bottles` : "No station chosen");
    if (here) paint(context, width, height, here, data, chosen(data, page));
  });

  canvas.addEventListener("click", (event) => {
    const here = station(data, page);
    if (!here) return;
    const [px, py] = d3.pointer(event, canvas);
    const { width, height } = canvas.getBoundingClientRect();
    const scale = scales(here, data, width, height);
    const found = d3.least(here.bottles.filter((b) => b.verdict !== "missing"), (b) => Math.hypot(scale.pin(b.value) - px, scale.y(b.pressure) - py));
    if (found && Math.hypot(scale.pin(found.value) - px, scale.y(found.pressure) - py) < 20) openBottle(page, found);
  });
  page.state.subscribe(async (changed) => {
    if (changed.has("cruise") || changed.has("parameter")) data = await load(page).catch(() => data);
    draw();
  });
  page.onSelect(draw);
}

function scales(here, data, width, height) {
  const good = here.bottles.filter((b) => b.verdict === "good").map((b) => b.value);
  const [low, high] = good.length > 1 ? d3.extent(good) : data.domain;
  const pad = (high - low) * 0.08 || 0.1;
  const x = d3.scaleLinear([Math.min(low - pad, low >= 0 ? -pad : low), high + pad], [MARGIN.left, width - MARGIN.right]).nice(4);
  const y = d3.scaleLinear([0, (d3.max(here.bottles, (b) => b.pressure) ?? 1) * 1.04], [MARGIN.top, height - MARGIN.bottom]);
  return { x, y, pin: (value) => Math.max(MARGIN.left + 9, Math.min(x(value), width - MARGIN.right - 9)) };
}

function paint(context, width, height, here, data, selected) {
  const css = theme();
  const scale = scales(here, data, width, height);
  frame(context, scale, css, width, height, data);
  const colour = colours(data.domain);
  const good = here.bottles.filter((b) => b.verdict === "good");
  context.beginPath();
  good.forEach((b, i) => (i ? context.lineTo(scale.x(b.value), scale.y(b.pressure)) : context.moveTo(scale.x(b.value), scale.y(b.pressure))));
  context.strokeStyle = css.strong;
  context.lineWidth = 1.25;
  context.stroke();
  for (const b of good) {
    context.beginPath();
    context.arc(scale.x(b.value), scale.y(b.pressure), 3.6, 0, 7);
    context.fillStyle = colour(b.value);
    context.fill();
    context.lineWidth = 1;
    context.strokeStyle = css.quiet;
    context.stroke();
  }
  context.font = css.font;
  for (const b of here.bottles.filter((one) => one.verdict === "bad")) {
    const [x, y] = [scale.pin(b.value), scale.y(b.pressure)];
    glare(context, x, y, css.bad, true);
    const off = Math.abs(scale.x(b.value) - x) > 1;
    const text = off ? (scale.x(b.value) > x ? `${b.value} →` : `← ${b.value}`) : String(b.value);
    plate(context, text, x, y, { ...css, width, colour: css.bad });
  }
  for (const b of here.bottles.filter((one) => one.verdict === "doubt")) diamond(context, scale.pin(b.value), scale.y(b.pressure), css.doubt, 5);
  if (selected?.station === here && selected.value !== null) ring(context, scale.pin(selected.value), scale.y(selected.pressure), css.ink, 10);
}

function frame(context, scale, css, width, height, data) {
  context.font = css.font;
  context.fillStyle = css.quiet;
  context.strokeStyle = css.line;
  context.lineWidth = 1;
  context.textBaseline = "top";
  for (const tick of scale.x.ticks(Math.max(3, width / 90))) {
    const x = Math.round(scale.x(tick)) + 0.5;
    context.beginPath();
    context.moveTo(x, MARGIN.top);
    context.lineTo(x, height - MARGIN.bottom);
    context.stroke();
    context.textAlign = "center";
    context.fillText(String(tick), x, height - MARGIN.bottom + 6);
  }
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (const tick of scale.y.ticks(6)) {
    const y = Math.round(scale.y(tick)) + 0.5;
    context.beginPath();
    context.moveTo(MARGIN.left, y);
    context.lineTo(width - MARGIN.right, y);
    context.stroke();
    context.fillText(d3.format(",")(tick), MARGIN.left - 7, y);
  }
  context.textAlign = "right";
  context.fillText(data.parameter.units, width - MARGIN.right, height - 8);
  context.textAlign = "left";
  context.fillText("dbar", 2, height - 8);
}
