// Plots and their numbers as files: PNG with title, legend and citation; CSV with names and units in the first line.

import { el } from "/static/dom.js";
import { theme } from "./paint.js";

/** The two buttons of a plot; `picture()` and `table()` are asked when one is pressed. */
export function saving(name, { picture, table }) {
  return [
    el("button", { type: "button", class: "save", "aria-label": "Save the plot as PNG", title: "Save the plot as PNG", onclick: async () => offer(`${name()}.png`, await png(picture())) }, "PNG"),
    el("button", { type: "button", class: "save", "aria-label": "Save the numbers as CSV", title: "Save the numbers as CSV", onclick: () => offer(`${name()}.csv`, new Blob([csv(table())], { type: "text/csv" })) }, "CSV"),
  ];
}

/** A table as CSV (RFC 4180): the first row names the columns; a missing value is empty. */
export function csv({ columns, rows }) {
  return [columns, ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}

// A text that a spreadsheet would take for a formula gets an apostrophe; numbers stay numbers.
function cell(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The canvases one above the other on the page's ground, with a title above and small print below. */
function png({ title, canvases, print }) {
  const css = theme();
  const [first] = canvases;
  const width = first.clientWidth;
  const ratio = Math.max(2, Math.min(devicePixelRatio || 1, 3));
  const lines = wrapped(print, Math.floor(width / 6));
  const height = 34 + canvases.reduce((sum, c) => sum + c.clientHeight + 6, 0) + 14 * lines.length + 10;
  const canvas = new OffscreenCanvas(Math.round((width + 24) * ratio), Math.round(height * ratio));
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  context.fillStyle = css.surface;
  context.fillRect(0, 0, width + 24, height);
  context.fillStyle = css.ink;
  context.font = css.font.replace("11px", "600 15px");
  context.fillText(title, 12, 23);
  let y = 34;
  for (const one of canvases) {
    context.drawImage(one, 12, y, one.clientWidth, one.clientHeight);
    y += one.clientHeight + 6;
  }
  context.fillStyle = css.quiet;
  context.font = css.font.replace("11px", "10px");
  lines.forEach((text, i) => context.fillText(text, 12, y + 12 + 14 * i));
  return canvas.convertToBlob({ type: "image/png" });
}

function wrapped(text, most) {
  const lines = [""];
  for (const word of text.split(/\s+/)) {
    if (`${lines.at(-1)} ${word}`.length > most && lines.at(-1)) lines.push(word);
    else lines[lines.length - 1] = `${lines.at(-1)} ${word}`.trim();
  }
  return lines;
}

function offer(name, blob) {
  const link = el("a", { href: URL.createObjectURL(blob), download: name.replaceAll(/[^\w.-]+/g, "-") });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
