// Puts the page together: tabs, panels, the selected record, its graph, the search box.

import { mountAbout } from "./about.js";
import { api, hello, onTrouble } from "./api.js";
import { mountBrowse } from "./browse.js";
import * as bus from "./bus.js";
import { mountChangeSets } from "./changesets.js";
import { byId, el } from "./dom.js";
import * as edits from "./edits.js";
import { mountGraph, nameLabels } from "./graph.js";
import { healthy, notice } from "./health.js";
import { mountQuery } from "./query.js";
import { mountQuestions } from "./questions.js";
import { showRecord } from "./record.js";
import { mountSearch } from "./search.js";
import * as state from "./state.js";
import { mountTray } from "./tray.js";

// The page's own views, after those of the project: which cards stand in each, and what fills them.
const OWN = [
  { view: "questions", view_title: "Ask", cards: [["questions", "Questions", mountQuestions]] },
  { view: "query", view_title: "Query", cards: [["query", "Query", mountQuery]] },
  { view: "browse", view_title: "Records", cards: [["browse", "Records", mountBrowse]] },
  { view: "changes", view_title: "Corrections", cards: [["changes", "Corrections", mountChangeSets]] },
  { view: "about", view_title: "About", cards: [["about", "About this bundle", mountAbout]] },
];
const describers = [];
let aboutOnce = null;

const about = () => (aboutOnce ??= api("about").catch((error) => { aboutOnce = null; throw error; }));
const { select, selected } = bus;

let allThere;
const page = {
  api, state, about, whole: new Promise((done) => { allThere = done; }),
  select, selected, offer: bus.offer, isSelected: bus.isSelected, onSelect: bus.onSelect,
  point: bus.point, pointed: bus.pointedAt, onPoint: bus.onPoint,
  changes: bus.changes, onData: bus.onData, edit: (label, key, values) => bus.edit(label, key, values),
  say: (text) => { byId("speech").textContent = text; },
};

let shownView;
let graph;
// One call for the record and the graph around it.
function selectionChanged(now = selected()) {
  const asking = now ? api("record", { ...now, ...graph.along() }) : null;
  showRecord(now, asking, { describers, page, about });
  graph.show(now, asking);
}

// Others than the selected record may hang on what was written (its neighbours' titles, counts), so both are asked again.
function dataChanged() {
  aboutOnce = null;
  selectionChanged();
}

function showView(views) {
  const wanted = state.get("view");
  const view = views.some((v) => v.view === wanted) ? wanted : views[0].view;
  for (const tab of byId("tabs").querySelectorAll("[data-view]")) tab.setAttribute("aria-current", tab.dataset.view === view ? "page" : "false");
  const tabs = byId("tabs");
  const current = tabs.querySelector('[aria-current="page"]');
  if (current) tabs.scrollLeft = current.offsetLeft - tabs.offsetLeft - (tabs.clientWidth - current.clientWidth) / 2;
  for (const place of byId("views").children) place.hidden = place.dataset.view !== view;
  shownView = view;
  if (document.documentElement.dataset.ready) fillView(view);
}

function boxFor(panel, place) {
  const box = el("section", { class: `card panel ${panel.width}`, id: `panel-${panel.name}`, "aria-label": panel.title });
  place.append(box);
  return box;
}

async function plug(panel, box, loading) {
  try {
    const module = await loading;
    await module.mount(box, { ...page, panel });
  } catch (error) {
    box.append(el("p", { class: "problem", role: "alert" }, `${panel.title}: ${error.message}`));
  }
}

// A view of the page's own is filled when it is first looked at: what nobody opens asks nothing.
function own(view, place, questions) {
  for (const [name, title, mount] of view.cards) {
    const box = el("section", { class: "card panel full", id: `panel-${name}`, "aria-label": title });
    place.append(box);
    const fill = () => mount(box, { ...page, questions }).catch((error) => {
      const again = el("div", {}, el("p", { class: "problem", role: "alert" }, error.message), el("button", { type: "button", class: "small-button", onclick: () => { box.replaceChildren(); fill(); } }, "Try again"));
      box.replaceChildren(again);
    });
    fillers.set(view.view, [...(fillers.get(view.view) ?? []), fill]);
  }
}

const fillers = new Map();
async function fillView(view) {
  const waiting = fillers.get(view) ?? [];
  fillers.delete(view);
  await Promise.all(waiting.map((fill) => fill()));
}

// After a lost connection or a restart of the database everything is asked again; what was typed stays in its forms.
let troubled = false;
onTrouble(async () => {
  if (troubled || !document.documentElement.dataset.ready) return;
  troubled = true;
  await healthy();
  troubled = false;
  aboutOnce = null;
  await edits.load().catch(() => bus.dataChanged(null));
});

// What is looked at first is on the screen before the others take their turn; a tab in the background has no frames.
const painted = () => Promise.race([new Promise((done) => { requestAnimationFrame(() => setTimeout(done)); }), new Promise((done) => { setTimeout(done, 250); })]);

async function start() {
  const { project, panels, labels, questions, browser, answers } = await greeting;
  const modules = await importing;
  const well = healthy();
  nameLabels(labels);
  document.title = project.name;
  byId("project").textContent = project.name;
  byId("project").title = project.description;
  byId("version").textContent = project.version;
  // A database that has answered before is not waited for; should it be away by now, every view says so and comes back.
  if (!answers) await well;
  const views = [...panels, ...OWN.filter((v) => v.view !== "questions" || questions)].filter((p, i, everything) => everything.findIndex((q) => q.view === p.view) === i);
  byId("tabs").append(...views.map((v) => el("a", { href: `?view=${encodeURIComponent(v.view)}`, "data-view": v.view, onclick: (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    state.set({ view: v.view });
  } }, v.view_title)));
  if (browser) byId("tabs").append(el("a", { href: browser, target: "_blank", rel: "noopener noreferrer", class: "elsewhere" }, "Neo4j Browser"));
  for (const v of views) byId("views").append(el("div", { class: "view", "data-view": v.view }));
  const placeOf = (view) => [...byId("views").children].find((p) => p.dataset.view === view);
  graph = mountGraph(page);
  mountSearch((label, key) => select(label, key));
  showView(views);
  for (const view of OWN) if (placeOf(view.view)) own(view, placeOf(view.view), questions);
  mountTray(byId("tray"), page);
  const [first, ...others] = panels.map((panel) => [panel, boxFor(panel, placeOf(panel.view)), modules.get(panel.name)]);
  const plugged = (async () => {
    if (first) await plug(...first);
    await painted();
    await Promise.all(others.map((one) => plug(...one)));
  })();
  state.subscribe((changed) => {
    if (changed.has("view")) showView(views);
  });
  for (const module of await Promise.allSettled(modules.values())) if (module.value?.describe) describers.push(module.value.describe);
  bus.onSelect(selectionChanged);
  if (selected()) selectionChanged();
  await plugged;
  if (!selected()) selectionChanged();
  bus.onData(dataChanged);
  await edits.load({ start: true }).catch(() => {});
  await fillView(shownView);
  document.documentElement.dataset.ready = "true";
  allThere();
}

const greeting = hello();
const importing = greeting.then(({ panels }) => {
  const modules = new Map(panels.map((panel) => [panel.name, import(panel.module)]));
  for (const module of modules.values()) module.catch(() => {});
  return modules;
});
/** Resolves when the panels' modules are there as well; `start.js` loads the page again where one was lost on its way. */
export const started = importing.then((modules) => Promise.all(modules.values()), () => {});
start().catch((error) => notice(error.message));
