// The query panel: a reviewer's own Cypher. It only reads; what was typed stays, whatever becomes of the query.

import { table } from "./answer.js";
import { post } from "./api.js";
import { el } from "./dom.js";
import { drawInto } from "./graph.js";

const KEPT = "kgshare query"; // in the browser's session: a lost connection or a reload takes nothing away
const START = "MATCH (n)-[r]->(m)\nRETURN n, r, m\nLIMIT 25";

/** Fill `element`. The address may fill the editor (`cypher`); it never runs anything by itself. */
export async function mountQuery(element, page) {
  const area = el("textarea", { id: "cypher", rows: "6", spellcheck: "false", "aria-label": "Cypher query" });
  area.value = page.state.get("cypher") ?? sessionStorage.getItem(KEPT) ?? START;
  const run = el("button", { type: "button", class: "primary" }, "Run");
  const cancel = el("button", { type: "button", hidden: true }, "Cancel");
  const link = el("button", { type: "button", title: "Put the query into the address, to paste it into a review" }, "Address");
  const place = el("div", { class: "answer", "aria-live": "polite" });
  element.append(
    el("header", { class: "card-head" }, el("h2", {}, "Query"), el("p", { class: "quiet small" }, "Cypher that reads; at most 1,000 rows and ten seconds. Ctrl+Enter runs it.")),
    el("div", { class: "editor" }, area),
    el("div", { class: "tools query-tools" }, run, cancel, link),
    place);
  let editor = null;
  let running = null;
  let shown = "table";
  const text = () => (editor ? editor.getValue() : area.value);
  const keep = () => sessionStorage.setItem(KEPT, text());
  area.addEventListener("input", keep);
  area.addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); ask(); } });

  async function ask() {
    if (running) return;
    keep();
    running = new AbortController();
    run.disabled = true;
    cancel.hidden = false;
    place.setAttribute("aria-busy", "true");
    const clock = setTimeout(() => place.replaceChildren(el("p", { class: "quiet" }, "Asking…")), 150);
    try {
      const answer = await post("query", { cypher: text() }, { signal: running.signal });
      clearTimeout(clock);
      show(answer);
    } catch (error) {
      clearTimeout(clock);
      place.replaceChildren(error.name === "AbortError" ? el("p", { class: "quiet" }, "Cancelled.") : problem(error));
    }
    running = null;
    run.disabled = false;
    cancel.hidden = true;
    place.removeAttribute("aria-busy");
  }

  function show(answer) {
    const box = el("div", {});
    const views = answer.graph ? [["table", "Table"], ["graph", `Graph (${answer.graph.nodes.length})`]] : [["table", "Table"]];
    const buttons = views.map(([name, title]) => el("button", { type: "button", "aria-pressed": "false", "data-as": name, onclick: () => { shown = name; draw(); } }, title));
    function draw() {
      const now = answer.graph ? shown : "table";
      for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.as === now));
      if (now === "table") { box.replaceChildren(...table(answer, page, "query")); return; }
      const canvas = el("div", { class: "graph-place", role: "img", "aria-label": `The answer as a graph: ${answer.graph.nodes.length} nodes, ${answer.graph.edges.length} relationships` });
      const more = answer.graph.more ? `; ${answer.graph.more.toLocaleString("en")} more nodes are left out` : "";
      box.replaceChildren(canvas, el("p", { class: "quiet small" }, `${answer.graph.nodes.length} nodes, ${answer.graph.edges.length} relationships${more}. Click a node to open it.`));
      drawInto(canvas, answer.graph, page);
    }
    place.replaceChildren(
      el("div", { class: "tools choice" }, buttons, el("span", { class: "quiet small" }, `${answer.milliseconds.toLocaleString("en")} ms`)), box);
    draw();
  }

  run.addEventListener("click", ask);
  cancel.addEventListener("click", () => running?.abort());
  link.addEventListener("click", () => { page.state.set({ cypher: text() }); page.say("The query stands in the address."); });
  page.state.subscribe((changed) => {
    const wanted = page.state.get("cypher");
    if (changed.has("cypher") && wanted !== null && wanted !== text()) { if (editor) editor.setValue(wanted); else area.value = wanted; }
  });

  // The plain text area serves until the editor is there, and where it cannot be had.
  let asked = false;
  const seen = new IntersectionObserver(async (entries) => {
    if (asked || !entries.some((e) => e.isIntersecting)) return;
    asked = true;
    seen.disconnect();
    try { editor = await edit(area, page, { run: ask, changed: keep }); } catch (error) { page.say(`The editor could not be loaded: ${error.message}`); }
  });
  seen.observe(element);
}

const problem = (error) => el("p", { class: "problem", role: "alert" }, error.message);

async function edit(area, page, { run, changed }) {
  const root = "/assets/codemirror";
  for (const sheet of ["lib/codemirror.css", "addon/hint/show-hint.css"]) document.head.prepend(el("link", { rel: "stylesheet", href: `${root}/${sheet}` }));
  await import(`${root}/lib/codemirror.js`);
  await Promise.all(["mode/cypher/cypher.js", "addon/edit/matchbrackets.js", "addon/hint/show-hint.js"].map((file) => import(`${root}/${file}`)));
  const { CodeMirror } = globalThis;
  const about = await page.about().catch(() => ({ labels: {}, types: {} }));
  const words = [...Object.keys(about.labels), ...Object.keys(about.types)];
  const editor = CodeMirror.fromTextArea(area, {
    mode: "application/x-cypher-query", lineNumbers: true, lineWrapping: true, matchBrackets: true, screenReaderLabel: "Cypher query",
    viewportMargin: Infinity, tabSize: 2,
    // Tab leaves the editor, so that a keyboard is not caught in it.
    extraKeys: { "Ctrl-Enter": run, "Cmd-Enter": run, "Ctrl-Space": (cm) => cm.showHint({ hint: () => suggest(cm, words, CodeMirror), completeSingle: false }), Tab: false, "Shift-Tab": false },
  });
  editor.on("change", () => { editor.save(); changed(); });
  return editor;
}

function suggest(cm, words, CodeMirror) {
  const cursor = cm.getCursor();
  const before = cm.getLine(cursor.line).slice(0, cursor.ch);
  const typed = /[\w]*$/.exec(before)[0];
  return { list: words.filter((w) => w.toLowerCase().startsWith(typed.toLowerCase())).sort(), from: CodeMirror.Pos(cursor.line, cursor.ch - typed.length), to: cursor };
}

