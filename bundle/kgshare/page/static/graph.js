// Graphs, drawn by cytoscape on a canvas: the one around a record, and the one of an answer.

import { api } from "./api.js";
import { byId, el, leaf, words } from "./dom.js";
import { save } from "./download.js";

const QUIET = 25; // from so many nodes on, edges are not labelled
const CROWD = 150; // from so many on, the forces would take seconds: rings by label instead

// Hues by the golden angle, so that neighbours in the project's list of labels lie far apart.
const hues = new Map();
const dark = matchMedia("(prefers-color-scheme: dark)");

/** Give each of the project's labels a colour of its own. */
export function nameLabels(labels) {
  labels.forEach((label, i) => hues.set(label, Math.round((205 + i * 137.508) % 360)));
}

/** A label's colour; grey where the project does not declare it. */
export function colour(label) {
  if (!hues.has(label)) return dark.matches ? "hsl(210, 8%, 60%)" : "hsl(210, 8%, 50%)";
  return `hsl(${hues.get(label)}, ${dark.matches ? "45%, 62%" : "48%, 45%"})`;
}

function style() {
  const css = getComputedStyle(document.documentElement);
  const of = (name) => css.getPropertyValue(name).trim();
  return [
    { selector: "node", style: { "background-color": (n) => colour(n.data("label")), label: "data(short)", color: of("--ink"), "font-size": 10, "font-family": "system-ui, sans-serif", "text-valign": "bottom", "text-margin-y": 4, width: 18, height: 18, "text-background-color": of("--surface"), "text-background-opacity": 0.8, "text-background-padding": 1, "border-width": 0, "min-zoomed-font-size": 7 } },
    // In a crowd names come with the zoom, or where one points.
    { selector: "node.crowd", style: { "min-zoomed-font-size": 11 } },
    { selector: "node.centre", style: { width: 30, height: 30, "border-width": 4, "border-color": of("--focus"), "font-weight": 700, "font-size": 12, "min-zoomed-font-size": 0 } },
    { selector: "node.open", style: { "border-width": 2, "border-color": of("--line-strong") } },
    { selector: "node.pointed", style: { "border-width": 4, "border-color": of("--doubt"), "z-index": 9, "min-zoomed-font-size": 0, "font-size": 14 } },
    { selector: "node:selected", style: { "overlay-opacity": 0.12 } },
    { selector: "edge", style: { width: 1, "line-color": of("--line-strong"), "target-arrow-color": of("--line-strong"), "target-arrow-shape": "triangle", "arrow-scale": 0.7, "curve-style": "bezier", label: "data(words)", "font-size": 8, color: of("--quiet"), "text-rotation": "autorotate", "text-background-color": of("--surface"), "text-background-opacity": 0.85, "text-background-padding": 1, "min-zoomed-font-size": 7 } },
    { selector: "edge.quiet", style: { label: "", opacity: 0.7 } },
    { selector: ".faint", style: { opacity: 0.15 } },
  ];
}

function elements(answer) {
  const short = (title) => (title.length > 24 ? `${title.slice(0, 23)}…` : title);
  return [
    ...answer.nodes.map((n) => ({ group: "nodes", data: { id: n.id, label: n.label ?? n.labels[0] ?? "", title: n.title, short: short(n.title), key: n.key, open: n.label } })),
    ...answer.edges.map((e) => ({ group: "edges", data: { id: `${e.source}\u001e${e.type}\u001e${e.target}`, source: e.source, target: e.target, words: words(e.type) } })),
  ];
}

// It is the largest module by far, and a graph is never the first thing to be seen.
const library = leaf("/assets/cytoscape/dist/cytoscape.esm.min.mjs");

const idle = () => new Promise((done) => { (globalThis.requestIdleCallback ?? setTimeout)(done, { timeout: 1000 }); });

async function start(container, page) {
  await idle();
  const { default: cytoscape } = await library();
  const cy = cytoscape({ container, elements: [], style: style(), minZoom: 0.08, maxZoom: 3, boxSelectionEnabled: false });
  cy.on("tap", "node", (event) => { const d = event.target.data(); if (d.open) page.select(d.open, d.key); });
  cy.on("mouseover", "node", (event) => { const d = event.target.data(); if (d.open) page.point(d.open, d.key); });
  cy.on("mouseout", "node", () => page.point(null));
  page.onPoint((reference) => {
    cy.nodes(".pointed").removeClass("pointed");
    if (reference) cy.getElementById([reference.label, ...reference.key].join("\u001f")).addClass("pointed");
  });
  new ResizeObserver(() => { cy.resize(); cy.fit(undefined, 18); }).observe(container);
  dark.addEventListener("change", () => cy.style(style()));
  return cy;
}

function arrange(cy) {
  const count = cy.nodes().length;
  cy.edges().toggleClass("quiet", count > QUIET);
  cy.nodes().toggleClass("crowd", count > QUIET);
  if (count > CROWD) { rings(cy); return; }
  const many = count > QUIET;
  cy.layout({ name: "cose", animate: false, randomize: false, padding: 18, nodeRepulsion: () => (many ? 250000 : 60000), idealEdgeLength: () => (many ? 60 : 70), nodeOverlap: 12, componentSpacing: 50, numIter: many ? 600 : 800 }).run();
}

// Labels side by side, each as rings around its best connected record: five hundred nodes stay apart, and can be told.
function rings(cy) {
  const groups = new Map();
  for (const node of cy.nodes().sort((a, b) => b.degree() - a.degree())) groups.set(node.data("label"), [...(groups.get(node.data("label")) ?? []), node]);
  const centre = cy.nodes(".centre");
  const placed = [...groups.values()].sort((a, b) => b.length - a.length).map((nodes) => ({ nodes, radius: 34 * Math.ceil(Math.sqrt(nodes.length / 3)) + 24 }));
  const around = Math.max(placed.reduce((sum, g) => sum + 2 * g.radius, 0) / (2 * Math.PI), placed[0].radius + 60) * (placed.length > 1 ? 1.05 : 0);
  let angle = 0;
  const whole = placed.reduce((sum, g) => sum + g.radius, 0);
  for (const { nodes, radius } of placed) {
    angle += Math.PI * radius / whole;
    const [x, y] = [around * Math.cos(angle), around * Math.sin(angle)];
    angle += Math.PI * radius / whole;
    // Sunflower: every node has the same share of the disc.
    nodes.forEach((node, i) => { const [r, a] = [32 * Math.sqrt(i), i * 2.39996]; node.position({ x: x + r * Math.cos(a), y: y + r * Math.sin(a) }); });
  }
  centre.position({ x: 0, y: 0 });
  cy.fit(undefined, 18);
}

/** Draw an answer's graph into an element. */
export async function drawInto(container, graph, page) {
  const cy = await start(container, page);
  cy.add(elements(graph));
  arrange(cy);
  container.dataset.nodes = String(graph.nodes.length);
}

/** The card with the graph around the selected record; returns what shows another, and what a record is asked with for it. */
export function mountGraph(page) {
  const place = byId("graph");
  const note = byId("graph-note");
  const depth = byId("depth");
  const most = byId("most");
  const legend = byId("graph-legend");
  const hidden = new Set();
  let cy = null;
  let asked = 0;
  let shownFor = null;
  let brought = new Map(); // a node's id → the ids that its expansion brought
  let focused = null;

  let begun = null;
  const begin = async () => {
    const fresh = await start(place, page);
    fresh.on("cxttap", "node", (event) => turn(event.target));
    fresh.on("dbltap", "node", (event) => turn(event.target));
    fresh.on("mouseover", "node", (event) => { focused = event.target; });
    cy = fresh;
  };

  // A second time it takes back what it brought.
  function turn(node) {
    if (brought.has(node.id())) collapse(node); else expand(node);
  }

  async function expand(node) {
    const data = node.data();
    if (!data.open) return;
    const answer = await api("graph", { label: data.open, key: data.key, depth: 1, limit: 40 }).catch((error) => { note.textContent = error.message; return null; });
    if (!answer) return;
    const fresh = elements(answer).filter((e) => cy.getElementById(e.data.id).empty());
    brought.set(node.id(), fresh.map((e) => e.data.id));
    cy.add(fresh);
    node.addClass("open");
    arrange(cy);
    explain();
  }

  function collapse(node) {
    for (const id of brought.get(node.id())) {
      const one = cy.getElementById(id);
      if (one.isNode() && brought.has(id)) collapse(one);
      one.remove();
    }
    brought.delete(node.id());
    node.removeClass("open");
    explain();
  }

  function explain(all = "") {
    const counts = new Map();
    for (const node of cy.nodes()) counts.set(node.data("label"), (counts.get(node.data("label")) ?? 0) + 1);
    legend.replaceChildren(...[...counts].sort((a, b) => b[1] - a[1]).map(([label, count]) => {
      const dot = el("span", { class: "dot", "aria-hidden": "true" });
      dot.style.background = colour(label);
      return el("li", {}, el("button", { type: "button", "aria-pressed": String(!hidden.has(label)), title: `Show or hide ${label}`, onclick: () => { hidden[hidden.has(label) ? "delete" : "add"](label); hide(); explain(all); } }, dot, label, el("span", { class: "count" }, count.toLocaleString("en"))));
    }));
    hide();
    note.textContent = `${(cy.nodes().length - 1).toLocaleString("en")}${all} around it. Click a node to open it; double-click or right-click brings its neighbours, and takes them back.`;
    place.setAttribute("aria-label", `Graph around the selected record: ${cy.nodes().length} nodes, ${cy.edges().length} relationships`);
    place.dataset.nodes = String(cy.nodes().length);
  }

  function hide() {
    cy.batch(() => cy.nodes().forEach((node) => { node.style("display", hidden.has(node.data("label")) && !node.hasClass("centre") ? "none" : "element"); }));
  }

  /** What a record is asked with, so that the graph around it comes along; nothing where it is asked on its own. */
  const along = () => (depth.value === "1" ? { graph: most.value } : {});

  async function show(selected, asking) {
    shownFor = selected;
    const mine = ++asked;
    byId("graph-card").hidden = !selected;
    if (!selected) return;
    let answer;
    try {
      if (!cy) await (begun ??= begin().catch((error) => { begun = null; throw error; }));
      answer = (await asking)?.graph ?? (await api("graph", { label: selected.label, key: selected.key, depth: depth.value, limit: most.value }));
    } catch (error) {
      if (mine !== asked) return;
      note.textContent = error.message;
      cy?.elements().remove();
      legend.replaceChildren();
      return;
    }
    if (mine !== asked) return;
    brought = new Map();
    cy.elements().remove();
    cy.add(elements(answer));
    cy.getElementById(answer.centre).addClass("centre");
    arrange(cy);
    explain(depth.value === "1" && answer.neighbours > answer.nodes.length - 1 ? ` of ${answer.neighbours.toLocaleString("en")}` : "");
  }

  function saved() {
    if (!cy) return;
    const background = getComputedStyle(document.documentElement).getPropertyValue("--surface").trim();
    save(`graph ${shownFor.key.join(" ").replaceAll("/", "-")}.png`, cy.png({ output: "blob", full: true, scale: 2, maxWidth: 6000, maxHeight: 6000, bg: background }));
  }

  depth.addEventListener("change", () => show(shownFor));
  most.addEventListener("change", () => show(shownFor));
  byId("fit").addEventListener("click", () => cy?.fit(undefined, 18));
  byId("graph-png").addEventListener("click", saved);
  place.addEventListener("keydown", (event) => {
    if (!cy) return;
    const moves = { ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] };
    if (moves[event.key]) cy.panBy({ x: moves[event.key][0], y: moves[event.key][1] });
    else if (event.key === "+" || event.key === "-") cy.zoom({ level: cy.zoom() * (event.key === "+" ? 1.25 : 0.8), renderedPosition: { x: place.clientWidth / 2, y: place.clientHeight / 2 } });
    else if (event.key === "Enter" && focused?.inside()) turn(focused);
    else return;
    event.preventDefault();
  });
  return { show, along };
}
