// Whether page and database answer. When they do not, the reviewer is told, and told again when they do.

import { byId } from "./dom.js";

const PAUSE = 1000;
let waiting = null;

/** Resolves when the database answers; says meanwhile what is waited for. */
export function healthy() {
  return (waiting ??= wait().finally(() => { waiting = null; }));
}

async function wait() {
  for (;;) {
    const status = await fetch("/health").then((r) => r.json()).then((h) => h.status).catch(() => "the page's server does not answer");
    if (status === "ok") { notice(""); return; }
    notice(said(status));
    await new Promise((done) => setTimeout(done, PAUSE));
  }
}

function said(status) {
  if (status === "starting") return "The database is starting…";
  if (status.startsWith("the page")) return "The page's server does not answer. What you typed stays here; this page goes on when it is back.";
  return "The database does not answer. What you typed stays here; this page goes on when it is back.";
}

/** One line above everything; an empty one takes it away. */
export function notice(text) {
  if (byId("notice").textContent === text) return;
  byId("notice").textContent = text;
  byId("notice").hidden = !text;
}
