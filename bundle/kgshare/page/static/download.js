// Files that the browser saves: tables as CSV, drawings as PNG, proposals as text. Nothing is sent anywhere.

import { shown } from "./dom.js";

/** Save text or a Blob under a name. */
export function save(name, content, type = "text/plain;charset=utf-8") {
  const blob = content instanceof Blob ? content : new Blob([content], { type });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** A table as CSV (RFC 4180); values that a spreadsheet would take for a formula get an apostrophe in front. */
export function csv(columns, rows) {
  const field = (value) => {
    let text = value === null || value === undefined ? "" : typeof value === "object" ? shown(value) : String(value);
    if (typeof value === "string" && /^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text))) text = `'${text}`;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return `${[columns, ...rows].map((row) => row.map(field).join(",")).join("\r\n")}\r\n`;
}

/** Save a table as CSV. */
export const saveCsv = (name, columns, rows) => save(`${name}.csv`, csv(columns, rows), "text/csv;charset=utf-8");
