// The section as a drawing: field, contours, sea floor, bottles by flag. Used at full width, for old beside new, and for pictures.

import { MARGIN } from "./axes.js";
import { d3 } from "./data.js";
import { casts, contours, field, picture } from "./field.js";
import { colours, diamond, glare, plate, rimmed, shades } from "./paint.js";

const FINE = 2; // pixels of the screen for one of the field

/** The field and its contours for a plot of this size, before zooming; made once, drawn many times. */
export function prepared(data, scale, levels = d3.ticks(...data.domain, 8)) {
  const [columns, rows] = [Math.max(2, Math.round(scale.w / FINE)), Math.max(2, Math.round(scale.h / FINE))];
  const xs = d3.range(columns).map((i) => scale.baseX.invert(((i + 0.5) / columns) * scale.w));
  const ps = d3.range(rows).map((j) => scale.baseY.invert(((j + 0.5) / rows) * scale.h));
  const values = field(casts(data), xs, ps);
  return { image: picture(values, columns, shades(data.domain)), lines: contours(values, columns, levels), columns, rows };
}

/** Field and contours under d3's transform `zoom`; the caller has clipped to the plot. */
export function drawField(context, made, scale, zoom, css) {
  const [left, top] = [MARGIN.left + zoom.x, MARGIN.top + zoom.y];
  context.imageSmoothingEnabled = true;
  context.drawImage(made.image, left, top, scale.w * zoom.k, scale.h * zoom.k);
  const [kx, ky] = [(scale.w * zoom.k) / made.columns, (scale.h * zoom.k) / made.rows];
  context.font = css.font;
  context.textAlign = "center";
  context.textBaseline = "middle";
  const taken = [];
  for (const { value, lines } of made.lines) {
    context.lineWidth = 0.8;
    context.strokeStyle = css.contour;
    context.beginPath();
    for (const points of lines) points.forEach(([x, y], i) => (i ? context.lineTo(left + x * kx, top + y * ky) : context.moveTo(left + x * kx, top + y * ky)));
    context.stroke();
    const longest = d3.greatest(lines, (l) => l.length);
    if (longest.length < 24) continue;
    for (const part of [0.3, 0.6, 0.8]) {
      const [x, y] = longest[Math.floor(longest.length * part)];
      const at = [left + x * kx, top + y * ky];
      if (at[0] < MARGIN.left + 20 || at[0] > MARGIN.left + scale.w - 20 || at[1] < MARGIN.top + 8 || at[1] > MARGIN.top + scale.h - 8) continue;
      if (taken.some(([a, b]) => Math.abs(a - at[0]) < 46 && Math.abs(b - at[1]) < 18)) continue;
      taken.push(at);
      rimmed(context, d3.format("~g")(value), ...at, "#fff", "rgba(10, 20, 30, 0.75)");
      break;
    }
  }
}

/** The sea floor below the stations that know how deep it is. */
export function drawFloor(context, data, scale, css) {
  const known = data.stations.filter((s) => s.floor).sort((a, b) => a.x - b.x);
  if (known.length < 2) return;
  const bottom = MARGIN.top + scale.h + 2;
  context.beginPath();
  context.moveTo(Math.min(MARGIN.left, scale.x(known[0].x)), bottom);
  context.lineTo(Math.min(MARGIN.left, scale.x(known[0].x)), scale.y(known[0].floor));
  for (const s of known) context.lineTo(scale.x(s.x), scale.y(s.floor));
  const right = Math.max(MARGIN.left + scale.w, scale.x(known.at(-1).x));
  context.lineTo(right, scale.y(known.at(-1).floor));
  context.lineTo(right, bottom);
  context.closePath();
  context.fillStyle = css.floor;
  context.fill();
  context.lineWidth = 1;
  context.strokeStyle = css.edge;
  context.stroke();
}

/** The upper ocean is stretched; a line in the ground's colour says where that ends. */
export function drawBreak(context, scale, css) {
  if (!scale.split) return;
  context.fillStyle = css.surface;
  context.fillRect(MARGIN.left, Math.round(scale.y(scale.split)) - 1, scale.w, 2);
}

/** Bottles by flag: good and missing as specks, doubtful as diamonds, bad as crosses; those of the station in view are larger. */
export function drawBottles(context, data, scale, show, css, here) {
  const later = [];
  const size = Math.min(2.4, 1.2 + scale.w / 900);
  const [left, right, top, low] = [MARGIN.left - 20, MARGIN.left + scale.w + 20, MARGIN.top - 20, MARGIN.top + scale.h + 20];
  for (const kind of ["missing", "good"]) {
    if (!show.has(kind)) continue;
    context.fillStyle = kind === "missing" ? css.strong : "rgba(255, 255, 255, 0.5)";
    for (const s of data.stations) {
      const x = scale.x(s.x);
      if (x < left || x > right) continue;
      for (const b of s.bottles) if (b.verdict === kind) context.fillRect(x - size / 2, scale.y(b.pressure) - size / 2, size, size);
    }
  }
  for (const b of data.bottles) {
    if ((b.verdict !== "bad" && b.verdict !== "doubt") || !show.has(b.verdict)) continue;
    const [x, y] = [scale.x(b.station.x), scale.y(b.pressure)];
    if (x > left && x < right && y > top && y < low) later.push([b, x, y]);
  }
  const rank = (b) => (b.station === here ? 2 : 0) + (b.verdict === "bad" ? 1 : 0);
  later.sort((a, b) => rank(a[0]) - rank(b[0]));
  for (const [b, x, y] of later) {
    if (b.verdict === "doubt") diamond(context, x, y, css.doubt, b.station === here ? 5 : 3.4);
    else glare(context, x, y, css.bad, b.station === here);
  }
}

/** The values of the bad bottles of the station in view, written beside them. */
export function drawCallouts(context, bottles, data, scale, css, width) {
  context.font = css.font;
  for (const b of bottles) {
    const [x, y] = [scale.x(b.station.x), scale.y(b.pressure)];
    if (x < MARGIN.left || x > MARGIN.left + scale.w || y < MARGIN.top || y > MARGIN.top + scale.h) continue;
    plate(context, `${b.value}${data.parameter.units ? ` ${data.parameter.units}` : ""} · flag ${b.flag}`, x, y, { ...css, width, colour: b.verdict === "bad" ? css.bad : b.verdict === "doubt" ? css.doubt : css.strong });
  }
}

/** Begin the plot's inside: ground, and a clip to it; the caller restores. */
export function clip(context, scale, css) {
  context.save();
  context.beginPath();
  context.rect(MARGIN.left, MARGIN.top, scale.w, scale.h);
  context.fillStyle = css.raised;
  context.fill();
  context.clip();
}

/** The scale of colours with its unit. */
export function drawLegend(context, width, data, css) {
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
  context.textAlign = "left";
  context.fillText(unit, w + 18, 2);
  context.textAlign = "center";
  for (const tick of d3.ticks(low, high, 4)) context.fillText(d3.format("~g")(tick), 10 + (w * (tick - low)) / (high - low), 16);
}
