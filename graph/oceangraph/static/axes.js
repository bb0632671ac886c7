// The section's axes: along the line, and pressure downward with the upper ocean stretched.

import { d3, degrees } from "./data.js";

export const MARGIN = { top: 26, right: 14, bottom: 26, left: 44 };
// Half of the plot for the upper 1,500 dbar, where most of what changes is; as the WOCE atlases do.
const BREAK = 1500;

/**
 * Scales of a section of this size; `zoom` is d3's transform. `frame` may cut out a part: `{x: [from, to], pressure: [top, low]}`.
 * `x` and `y` go to the canvas, `baseX` and `baseY` to the plot before zooming, `fromX` and `fromY` back from the canvas.
 */
export function axes(data, width, height, zoom, frame = null) {
  const w = Math.max(10, width - MARGIN.left - MARGIN.right);
  const h = Math.max(10, height - MARGIN.top - MARGIN.bottom);
  const { deepest } = data;
  const [from, to] = d3.extent(data.stations, (s) => s.x);
  const pad = ((to ?? 1) - (from ?? 0)) * 0.012 || 0.5;
  const floor = Math.min(1.1 * deepest, Math.max(deepest * 1.02, d3.quantile(data.stations, 0.98, (s) => s.floor ?? 0) ?? 0));
  const split = !frame && deepest > 1.6 * BREAK;
  const x = d3.scaleLinear(frame?.x ?? [from - pad, to + pad], [0, w]);
  const y = split ? d3.scaleLinear([0, BREAK, floor], [0, h * 0.5, h]) : d3.scaleLinear(frame?.pressure ?? [0, floor], [0, h]);
  return {
    w, h, split: split ? BREAK : null, baseX: x, baseY: y,
    x: (value) => MARGIN.left + zoom.applyX(x(value)),
    y: (value) => MARGIN.top + zoom.applyY(y(value)),
    fromX: (pixel) => x.invert(zoom.invertX(pixel - MARGIN.left)),
    fromY: (pixel) => y.invert(zoom.invertY(pixel - MARGIN.top)),
  };
}

/** Ticks, labels, the break, the mark of the station in view. */
export function drawAxes(context, scale, data, colours, station) {
  const { w, h } = scale;
  const bottom = MARGIN.top + h;
  context.font = colours.font;
  context.fillStyle = colours.quiet;
  context.strokeStyle = colours.line;
  context.lineWidth = 1;
  context.textAlign = "center";
  context.textBaseline = "top";
  const [from, to] = [scale.fromX(MARGIN.left), scale.fromX(MARGIN.left + w)];
  for (const tick of d3.ticks(from, to, Math.max(3, w / 95))) {
    const x = Math.round(scale.x(tick)) + 0.5;
    line(context, x, bottom, x, bottom + 4);
    context.fillText(degrees(tick, data.zonal, Math.abs(to - from) < 6 ? 1 : 0), x, bottom + 7);
  }
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const tick of pressureTicks(scale)) {
    const y = Math.round(scale.y(tick)) + 0.5;
    line(context, MARGIN.left - 4, y, MARGIN.left, y);
    context.fillText(d3.format(",")(tick), MARGIN.left - 7, y);
  }
  context.textAlign = "left";
  context.fillText("Pressure, dbar", 2, 10);
  if (station) mark(context, scale, colours, station);
}

function mark(context, scale, colours, station) {
  const x = scale.x(station.x);
  if (x < MARGIN.left - 1 || x > MARGIN.left + scale.w + 1) return;
  context.strokeStyle = colours.ink;
  context.setLineDash([2, 3]);
  line(context, x, MARGIN.top - 4, x, MARGIN.top + scale.h);
  context.setLineDash([]);
  const text = `Station ${station.station}`;
  context.font = `600 ${colours.font}`;
  const half = context.measureText(text).width / 2 + 7;
  const at = Math.max(half, Math.min(x, MARGIN.left + scale.w + MARGIN.right - half));
  context.fillStyle = colours.ink;
  context.beginPath();
  context.roundRect(at - half, 3, 2 * half, 19, 5);
  context.fill();
  context.fillStyle = colours.surface;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(text, at, 13);
}

function pressureTicks(scale) {
  const [top, low] = [Math.max(0, scale.fromY(MARGIN.top)), scale.fromY(MARGIN.top + scale.h)];
  if (!scale.split || low <= scale.split || top >= scale.split) return d3.ticks(top, low, scale.h / 45);
  const part = (scale.y(scale.split) - MARGIN.top) / 45;
  return [...d3.ticks(top, scale.split, Math.max(1, part)).filter((t) => t < scale.split), scale.split, ...d3.ticks(scale.split, low, Math.max(1, scale.h / 45 - part)).filter((t) => t > scale.split + 200)];
}

/** A plot of two linear axes: the frame of profiles, T–S diagrams and time series. */
export function frame(context, { x, y, left, right, top, bottom, css, xTitle, yTitle, xFormat = d3.format("~g"), yFormat = d3.format(","), xTicks = null }) {
  context.font = css.font;
  context.lineWidth = 1;
  context.fillStyle = css.quiet;
  context.strokeStyle = css.line;
  context.textAlign = "center";
  context.textBaseline = "top";
  for (const tick of x.ticks(xTicks ?? Math.max(2, (right - left) / 70))) {
    const at = Math.round(x(tick)) + 0.5;
    line(context, at, top, at, bottom);
    context.fillText(xFormat(tick), at, bottom + 5);
  }
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const tick of y.ticks(Math.max(3, (bottom - top) / 45))) {
    const at = Math.round(y(tick)) + 0.5;
    line(context, left, at, right, at);
    context.fillText(yFormat(tick), left - 6, at);
  }
  context.textBaseline = "alphabetic";
  context.fillText(xTitle, right, bottom + 30);
  context.textAlign = "left";
  context.fillText(yTitle, 2, top - 7);
}

/** A straight line. */
export function line(context, x1, y1, x2, y2) {
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
}
