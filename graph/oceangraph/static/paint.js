// Canvas helpers that the ocean panels share: sharp canvases, the page's colours, the colour map, flagged dots.

import { d3 } from "./data.js";

const VIRIDIS = d3.range(256).map((i) => d3.rgb(d3.interpolateViridis(i / 255)));
export const scheme = matchMedia("(prefers-color-scheme: dark)");

/** The page's colours, as they are now. */
export function theme() {
  const css = getComputedStyle(document.documentElement);
  // A style sheet that is still on its way must not keep a plot from being drawn.
  const of = (name, otherwise = "#808890") => css.getPropertyValue(name).trim() || otherwise;
  return {
    ink: of("--ink"), quiet: of("--quiet"), line: of("--line"), strong: of("--line-strong"), surface: of("--surface"), raised: of("--raised"), accent: of("--accent"),
    bad: of("--glare", "#ff1f4f"), doubt: of("--amber", "#ffb000"), land: of("--land"), sea: of("--sea"), profile: of("--profile-dot"),
    floor: of("--floor"), edge: of("--floor-edge"), contour: of("--contour"), iso: of("--iso"), speck: of("--speck"), font: "11px " + of("--sans", "sans-serif"),
  };
}

/** Colour of a value: viridis, perceptually uniform and safe for the colour-blind. */
export const colours = (domain) => { const at = shade(domain); return (value) => VIRIDIS[at(value)].formatHex(); };

/** The same as red, green and blue, for pictures that are made of many. */
export const shades = (domain) => { const at = shade(domain); return (value) => VIRIDIS[at(value)]; };

const shade = ([low, high]) => (value) => Math.max(0, Math.min(255, Math.round((255 * (value - low)) / (high - low || 1))));

/** Make the canvas as sharp as the screen; returns its context, and width and height in CSS pixels. */
export function sharp(canvas) {
  const { width, height } = canvas.getBoundingClientRect();
  const ratio = Math.min(devicePixelRatio || 1, 2);
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

/** A value with flag 4: a disc that glares, with a cross in it; small ones are crosses. */
export function glare(context, x, y, colour, strong) {
  const reach = strong ? 24 : 7;
  const halo = context.createRadialGradient(x, y, 2, x, y, reach);
  halo.addColorStop(0, `${colour}${strong ? "e6" : "b0"}`);
  halo.addColorStop(0.45, `${colour}${strong ? "66" : "40"}`);
  halo.addColorStop(1, `${colour}00`);
  context.fillStyle = halo;
  context.beginPath();
  context.arc(x, y, reach, 0, 7);
  context.fill();
  if (strong) {
    context.beginPath();
    context.arc(x, y, 6, 0, 7);
    context.fillStyle = colour;
    context.fill();
    context.lineWidth = 1.5;
    context.strokeStyle = "#fff";
    context.stroke();
    cross(context, x, y, 2.4, "#fff", 1.4);
  } else {
    cross(context, x, y, 2.6, "rgba(10, 17, 23, 0.75)", 3.4);
    cross(context, x, y, 2.6, colour, 1.8);
  }
}

function cross(context, x, y, size, colour, width) {
  context.beginPath();
  context.moveTo(x - size, y - size);
  context.lineTo(x + size, y + size);
  context.moveTo(x + size, y - size);
  context.lineTo(x - size, y + size);
  context.lineWidth = width;
  context.strokeStyle = colour;
  context.stroke();
}

/** A value with flag 3: an amber diamond, open in the middle. */
export function diamond(context, x, y, colour, size = 3.6) {
  context.beginPath();
  context.moveTo(x, y - size);
  context.lineTo(x + size, y);
  context.lineTo(x, y + size);
  context.lineTo(x - size, y);
  context.closePath();
  context.fillStyle = "rgba(10, 17, 23, 0.75)";
  context.fill();
  context.lineWidth = 1.5;
  context.strokeStyle = colour;
  context.stroke();
}

/** The ring around what is selected. */
export function ring(context, x, y, colour, radius = 9) {
  context.beginPath();
  context.arc(x, y, radius, 0, 7);
  context.lineWidth = 4;
  context.strokeStyle = "rgba(0, 0, 0, 0.55)";
  context.stroke();
  context.lineWidth = 2;
  context.strokeStyle = colour;
  context.stroke();
}

/** A word on a plate beside the point, on its right where that is inside `width`, else on its left. */
export function plate(context, text, x, y, { ink, surface, width, colour, away = 14 }) {
  context.font = `600 ${context.font.replace(/^(600 )?/, "")}`;
  const w = context.measureText(text).width + 12;
  const left = x + away + w > width - 2 ? Math.max(2, x - away - w) : x + away;
  context.fillStyle = surface;
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.beginPath();
  context.roundRect(left, y - 10, w, 20, 5);
  context.fill();
  context.stroke();
  context.fillStyle = ink;
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.fillText(text, left + 6, y + 0.5);
  context.font = context.font.replace(/^(600|bold) /, "");
}

/** The thin ring around what is pointed at, here or in another view. */
export function halo(context, x, y, radius = 8) {
  context.beginPath();
  context.arc(x, y, radius, 0, 7);
  context.lineWidth = 3;
  context.strokeStyle = "rgba(0, 0, 0, 0.4)";
  context.stroke();
  context.lineWidth = 1.5;
  context.strokeStyle = "#fff";
  context.stroke();
}

/** Small dots of one colour: squares, which are drawn faster than discs and look the same at this size. */
export function specks(context, xs, ys, colour, size = 1.4) {
  context.fillStyle = colour;
  const half = size / 2;
  for (let i = 0; i < xs.length; i++) context.fillRect(xs[i] - half, ys[i] - half, size, size);
}

/** Text with a rim of the ground's colour, to be read on anything. */
export function rimmed(context, text, x, y, colour, rim) {
  context.lineJoin = "round";
  context.lineWidth = 3;
  context.strokeStyle = rim;
  context.strokeText(text, x, y);
  context.fillStyle = colour;
  context.fillText(text, x, y);
}

/** Call `draw` now, whenever the element's size or the colour scheme changes; at most once a frame. */
export function onFrame(element, draw) {
  let waiting = false;
  const later = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; draw(); });
  };
  new ResizeObserver(later).observe(element);
  scheme.addEventListener("change", later);
  for (const sheet of document.querySelectorAll('link[rel="stylesheet"]')) if (!sheet.sheet) sheet.addEventListener("load", later);
  return later;
}
