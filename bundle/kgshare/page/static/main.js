// Puts the page together: tabs, panels, the selected record, its graph, the search box.

import { api } from "./api.js";
import { mountBrowse } from "./browse.js";
import * as bus from "./bus.js";
import { byId, el } from "./dom.js";
import { mountGraph, nameLabels } from "./graph.js";
import { mountQuestions } from "./questions.js";
import { showRecord } from "./record.js";
import { mountSearch } from "./search.js";
import * as state from "./state.js";

const QUESTIONS = { view: "questions", view_title: "Questions" };
const BROWSE = { view: "browse", view_title: "Records" };
const describers = [];
let aboutOnce = null;

const about = () => (aboutOnce ??= api("about").catch((error) => { aboutOnce = null; throw error; }));
const { select, selected } = bus;

const page = {
  api, state, about,
  select, selected, offer: bus.offer, isSelected: bus.isSelected, onSelect: bus.onSelect,
  point: bus.point, pointed: bus.pointedAt, onPoint: bus.onPoint,
  changes: bus.changes, onData: bus.onData, edit: (label, key, values) => bus.edit(label, key, values),
  say: (text) => { byId("speech").textContent = text; },
};

let drawGraph;
function selectionChanged(now = selected()) {
  showRecord(now, { describers, open: select, page, about });
  drawGraph(now);
}

function showView(views) {
  const wanted = state.get("view");
  const view = views.some((v) => v.view === wanted) ? wanted : views[0].view;
  for (const tab of byId("tabs").querySelectorAll("[data-view]")) tab.setAttribute("aria-current", tab.dataset.view === view ? "page" : "false");
  for (const place of byId("views").children) place.hidden = place.dataset.view !== view;
}

async function plug(panel, place, loading) {
  const box = el("section", { class: `card panel ${panel.width}`, id: `panel-${panel.name}`, "aria-label": panel.title });
  place.append(box);
  if (panel.style) document.head.append(el("link", { rel: "stylesheet", href: panel.style }));
  try {
    const module = await loading;
    await module.mount(box, { ...page, panel });
  } catch (error) {
    box.append(el("p", { class: "problem", role: "alert" }, `${panel.title}: ${error.message}`));
  }
}

function notice(text) {
  byId("notice").textContent = text;
  byId("notice").hidden = !text;
}

// After a restart of the database the page goes on by itself; nothing that was typed is lost.
async function untilHealthy() {
  for (;;) {
    const health = await fetch("/health").then((r) => r.json()).catch(() => ({ status: "the page's server does not answer" }));
    if (health.status === "ok") { notice(""); return; }
    notice(health.status === "starting" ? "The database is starting…" : "The database does not answer. Waiting for it…");
    await new Promise((done) => setTimeout(done, 1000));
  }
}

async function start() {
  const healthy = untilHealthy();
  const { project, panels, labels, questions, browser } = await fetch("/page.json").then((r) => r.json());
  const modules = new Map(panels.map((panel) => [panel.name, import(panel.module)]));
  for (const module of modules.values()) module.catch(() => {});
  nameLabels(labels);
  document.title = project.name;
  byId("project").textContent = project.name;
  byId("project").title = project.description;
  byId("version").textContent = project.version;
  await healthy;
  const views = [...panels, ...(questions ? [QUESTIONS] : []), BROWSE].filter((p, i, everything) => everything.findIndex((q) => q.view === p.view) === i);
  byId("tabs").append(...views.map((v) => el("a", { href: `?view=${encodeURIComponent(v.view)}`, "data-view": v.view, onclick: (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    state.set({ view: v.view });
  } }, v.view_title)));
  if (browser) byId("tabs").append(el("a", { href: browser, target: "_blank", rel: "noopener noreferrer", class: "elsewhere" }, "Neo4j Browser"));
  for (const v of views) byId("views").append(el("div", { class: "view", "data-view": v.view }));
  const placeOf = (view) => [...byId("views").children].find((p) => p.dataset.view === view);
  drawGraph = mountGraph((label, key) => select(label, key));
  mountSearch((label, key) => select(label, key));
  showView(views);
  const browse = el("section", { class: "card panel full", id: "panel-browse", "aria-label": "Records" });
  placeOf("browse").append(browse);
  const asking = el("section", { class: "card panel full", id: "panel-questions", "aria-label": "Questions" });
  if (questions) placeOf("questions").append(asking);
  const plugged = Promise.all(panels.map((panel) => plug(panel, placeOf(panel.view), modules.get(panel.name))));
  state.subscribe((changed) => {
    if (changed.has("view")) showView(views);
  });
  for (const module of await Promise.allSettled(modules.values())) if (module.value?.describe) describers.push(module.value.describe);
  bus.onSelect(selectionChanged);
  if (selected()) selectionChanged();
  await plugged;
  if (!selected()) selectionChanged();
  if (questions) await mountQuestions(asking, page).catch((error) => asking.append(el("p", { class: "problem" }, error.message)));
  await mountBrowse(browse, page).catch((error) => browse.append(el("p", { class: "problem" }, error.message)));
  document.documentElement.dataset.ready = "true";
}

start().catch((error) => notice(error.message));
