// From bottles to a field: along each cast by pressure, between casts along the line, both linear. Drawing, not analysis:
// only good values enter, nothing is smoothed, and where casts lie far apart the field stays open.

import { d3 } from "./data.js";

const LONELY = 6; // times the usual distance of casts
const REACH = 450; // dbar that the deepest value stands for, where the sea floor is not nearer

/** Casts with good values, by place: `{x, pressure, value, end}`, `end` being how deep the lowest value is drawn. */
export function casts(data) {
  const found = [];
  for (const s of data.stations) {
    const good = s.bottles.filter((b) => b.verdict === "good");
    if (!good.length) continue;
    const last = good.at(-1).pressure;
    found.push({ x: s.x, pressure: Float64Array.from(good, (b) => b.pressure), value: Float64Array.from(good, (b) => b.value), end: Math.max(last, Math.min(s.floor ?? last + REACH, last + REACH)) });
  }
  return found.sort((a, b) => a.x - b.x);
}

/** The field at the places `xs` and pressures `ps` (both ascending): row by row, NaN where nothing is known. */
export function field(from, xs, ps) {
  const values = new Float32Array(xs.length * ps.length).fill(NaN);
  if (!from.length) return values;
  const columns = from.map((cast) => column(cast, ps));
  const gaps = d3.pairs(from, (a, b) => b.x - a.x).sort(d3.ascending);
  const far = LONELY * (d3.quantileSorted(gaps, 0.5) || 1);
  for (let j = 0; j < ps.length; j++) {
    // A cast without a good value at this pressure is passed over: its neighbours reach across.
    const known = from.map((cast, k) => [cast.x, columns[k][j]]).filter(([, v]) => !Number.isNaN(v));
    if (known.length) row(known, xs, far, values, j * xs.length);
  }
  return values;
}

function row(known, xs, far, values, start) {
  let k = 0;
  xs.forEach((x, i) => {
    while (k < known.length - 2 && known[k + 1][0] <= x) k++;
    const [[xa, a], [xb, b]] = [known[k], known[Math.min(k + 1, known.length - 1)]];
    const gap = xb - xa;
    const share = gap > 0 ? (x - xa) / gap : 0;
    if (share < 0 ? xa - x > far / 2 : share > 1 ? x - xb > far / 2 : gap > far) return;
    values[start + i] = a + (b - a) * Math.max(0, Math.min(1, share));
  });
}

function column({ pressure, value, end }, ps) {
  const found = new Float32Array(ps.length).fill(NaN);
  let k = 0;
  for (let j = 0; j < ps.length; j++) {
    const p = ps[j];
    if (p > end) break;
    while (k < pressure.length - 1 && pressure[k + 1] <= p) k++;
    if (p <= pressure[0]) found[j] = value[0];
    else if (k === pressure.length - 1) found[j] = value[k];
    else found[j] = value[k] + ((value[k + 1] - value[k]) * (p - pressure[k])) / (pressure[k + 1] - pressure[k]);
  }
  return found;
}

/** The values as a picture of `columns` pixels a row. */
export function picture(values, columns, shade) {
  const rows = values.length / columns;
  const canvas = new OffscreenCanvas(columns, rows);
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns, rows);
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i])) continue;
    const { r, g, b } = shade(values[i]);
    image.data.set([r, g, b, 255], 4 * i);
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

/** Lines of equal value: `{value, lines}` with points in columns and rows of the field. */
export function contours(values, columns, levels) {
  const rows = values.length / columns;
  return d3.contours().size([columns, rows]).thresholds(levels)(Array.from(values))
    .map((c) => ({ value: c.value, lines: c.coordinates.flat().flatMap((ring) => open(ring, columns, rows, values)) }))
    .filter((c) => c.lines.length);
}

// d3 closes rings along the border and along what is unknown; a line of equal value ends there.
function open(ring, columns, rows, values) {
  const known = ([x, y]) => {
    if (x < 0.6 || y < 0.6 || x > columns - 0.6 || y > rows - 0.6) return false;
    const [i, j] = [Math.floor(x - 0.5), Math.floor(y - 0.5)];
    for (const [a, b] of [[i, j], [i + 1, j], [i, j + 1], [i + 1, j + 1]]) if (Number.isNaN(values[Math.min(b, rows - 1) * columns + Math.min(a, columns - 1)])) return false;
    return true;
  };
  const lines = [];
  let line = [];
  for (const point of ring) {
    if (known(point)) line.push(point);
    else { if (line.length > 1) lines.push(line); line = []; }
  }
  if (line.length > 1) lines.push(line);
  return lines;
}
