// The graph around a record, drawn by cytoscape on a canvas. A click opens a node, a second one brings its neighbours.

import cytoscape from "/assets/cytoscape/dist/cytoscape.esm.min.mjs";
import { api } from "./api.js";
import { byId, words } from "./dom.js";

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

/** Make the drawing; `open(label, key)` is called for the node that is clicked. */
export function mountGraph(open) {
  let cy = null;
  let asked = 0;
  let shownFor = null;
  const note = byId("graph-note");
  const depth = byId("depth");

  function style() {
    const css = getComputedStyle(document.documentElement);
    const of = (name) => css.getPropertyValue(name).trim();
    return [
      { selector: "node", style: { "background-color": (n) => colour(n.data("label")), label: "data(short)", color: of("--ink"), "font-size": 10, "font-family": "system-ui, sans-serif", "text-valign": "bottom", "text-margin-y": 4, width: 18, height: 18, "text-background-color": of("--surface"), "text-background-opacity": 0.8, "text-background-padding": 1, "border-width": 0, "min-zoomed-font-size": 6 } },
      { selector: "node.centre", style: { width: 30, height: 30, "border-width": 4, "border-color": of("--focus"), "font-weight": 700, "font-size": 12 } },
      { selector: "node:selected", style: { "overlay-opacity": 0.12 } },
      { selector: "edge", style: { width: 1, "line-color": of("--line-strong"), "target-arrow-color": of("--line-strong"), "target-arrow-shape": "triangle", "arrow-scale": 0.7, "curve-style": "bezier", label: "data(words)", "font-size": 8, color: of("--quiet"), "text-rotation": "autorotate", "text-background-color": of("--surface"), "text-background-opacity": 0.85, "text-background-padding": 1, "min-zoomed-font-size": 7 } },
      { selector: "edge.quiet", style: { label: "" } },
    ];
  }

  function elements(answer) {
    const short = (title) => (title.length > 24 ? `${title.slice(0, 23)}…` : title);
    return [
      ...answer.nodes.map((n) => ({ group: "nodes", data: { id: n.id, label: n.label ?? n.labels[0] ?? "", title: n.title, short: short(n.title), key: n.key, open: n.label } })),
      ...answer.edges.map((e) => ({ group: "edges", data: { id: `${e.source}\u001e${e.type}\u001e${e.target}`, source: e.source, target: e.target, words: words(e.type) } })),
    ];
  }

  function arrange(fit = true) {
    const many = cy.nodes().length > 25;
    cy.layout({ name: "cose", animate: false, randomize: false, fit, padding: 18, nodeRepulsion: () => (many ? 250000 : 60000), idealEdgeLength: () => (many ? 60 : 70), nodeOverlap: 12, componentSpacing: 50, numIter: many ? 600 : 800 }).run();
    cy.edges().toggleClass("quiet", many);
  }

  function start() {
    cy = cytoscape({ container: byId("graph"), elements: [], style: style(), minZoom: 0.15, maxZoom: 3, boxSelectionEnabled: false });
    cy.on("tap", "node", (event) => { const d = event.target.data(); if (d.open) open(d.open, d.key); });
    cy.on("cxttap", "node", (event) => expand(event.target.data()));
    new ResizeObserver(() => { cy.resize(); cy.fit(undefined, 18); }).observe(byId("graph"));
    dark.addEventListener("change", () => cy.style(style()));
  }

  async function expand(data) {
    if (!data.open) return;
    const answer = await api("graph", { label: data.open, key: data.key, depth: 1, limit: 40 }).catch(() => null);
    if (!answer) return;
    cy.add(elements(answer).filter((e) => cy.getElementById(e.data.id).empty()));
    arrange();
  }

  async function show(selected) {
    shownFor = selected;
    const mine = ++asked;
    byId("graph-card").hidden = !selected;
    if (!selected) return;
    let answer;
    try {
      answer = await api("graph", { ...selected, depth: depth.value, limit: depth.value === "1" ? 40 : 120 });
    } catch (error) {
      note.textContent = error.message;
      cy?.elements().remove();
      return;
    }
    if (mine !== asked) return;
    if (!cy) start();
    cy.elements().remove();
    cy.add(elements(answer));
    cy.nodes().removeClass("centre");
    cy.getElementById(answer.centre).addClass("centre");
    arrange();
    const around = answer.nodes.length - 1;
    const all = depth.value === "1" && answer.neighbours > around ? ` of ${answer.neighbours.toLocaleString("en")}` : "";
    note.textContent = `${around}${all} around it. Click a node to open it, right-click to bring its neighbours.`;
    byId("graph").setAttribute("aria-label", `Graph around the selected record: ${answer.nodes.length} nodes, ${answer.edges.length} relationships`);
    byId("graph").dataset.nodes = String(answer.nodes.length);
  }

  depth.addEventListener("change", () => show(shownFor));
  byId("fit").addEventListener("click", () => cy?.fit(undefined, 18));
  return show;
}
