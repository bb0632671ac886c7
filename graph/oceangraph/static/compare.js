// Old beside new: the section around an edited bottle as it was and as it is, or would be; and what else changes with it.

import { el } from "/static/dom.js";
import { MARGIN, axes, drawAxes } from "./axes.js";
import { d3, meaning } from "./data.js";
import { ocean } from "./ocean.js";
import { onFrame, ring, sharp, theme } from "./paint.js";
import { clip, drawBottles, drawCallouts, drawField, drawFloor, prepared } from "./plot.js";
import { paint } from "./profile.js";

/** Mount the panel; it is there only while something differs. */
export async function mount(element, page) {
  element.hidden = true;
  const sea = await ocean(page);
  const title = el("h2", {}, "Old and new");
  const note = el("p", { class: "quiet small" });
  const tools = el("div", { class: "tools" });
  const sides = ["old", "new"].map((name) => {
    const caption = el("figcaption", {});
    const section = el("canvas", { class: "compare-section", role: "img" });
    const profile = el("canvas", { class: "compare-profile", role: "img" });
    return { name, caption, section, profile, figure: el("figure", { class: `side ${name}` }, caption, el("div", { class: "side-plots" }, section, profile)) };
  });
  const plots = el("div", { class: "sides" }, sides.map((s) => s.figure));
  const facts = el("div", { class: "facts-list", "aria-live": "polite" });
  element.append(el("header", { class: "card-head" }, el("div", {}, title, note), tools), plots, facts);
  const draws = sides.map((side) => [onFrame(side.section, () => drawSection(side)), onFrame(side.profile, () => drawProfile(side))]).flat();
  let at = null;
  let asked = 0;

  // The bottle to look at: the selected one where it is among the edited, else the first.
  function target() {
    const { compared } = sea;
    if (!compared) return null;
    const record = page.selected();
    const id = record?.label === "Bottle" && compared.ids.includes(record.key[0]) ? record.key[0] : compared.ids[0];
    const [older, newer] = [compared.old.byId.get(id), compared.new.byId.get(id)];
    return older && newer ? { id, older, newer, ...compared } : null;
  }

  async function follow(what) {
    const next = target();
    const elsewhere = next ? [] : others();
    element.hidden = !next && !elsewhere.length;
    plots.hidden = facts.hidden = !next;
    if (!next) { at = null; point(elsewhere); return; }
    const changed = !at || at.id !== next.id || at.kind !== next.kind || what.data;
    at = next;
    words();
    for (const draw of draws) draw();
    if (changed) await tellFacts(++asked);
  }

  // Edited parameters of bottles that the section does not show now.
  function others() {
    const edited = new Set(page.changes().filter((c) => c.kind === "changed" && c.record?.label === "Bottle").map((c) => c.name.replace(/_qc$/, "")));
    return sea.now.parameters.filter((p) => edited.has(p.variable) && p.variable !== sea.now.parameter.variable);
  }

  function point(parameters) {
    if (!parameters.length) return;
    title.textContent = "What your edits change";
    note.textContent = `They are of ${parameters.map((p) => p.name).join(", ")}; the section shows ${sea.now.parameter.name}.`;
    tools.replaceChildren(...parameters.map((p) => el("button", { type: "button", onclick: () => page.state.set({ parameter: p.variable, at: null, try: null }) }, `Show ${p.name}`)));
    delete element.dataset.bottle;
  }

  function words() {
    const { older, newer, kind, ids } = at;
    const { parameter } = at.new;
    title.textContent = kind === "trial" ? `If sample ${newer.sample} had flag ${newer.flag}` : "What your edits change here";
    note.textContent = `${parameter.name} ${newer.value ?? "no value"} ${parameter.units} at station ${newer.station.station}, ${d3.format(",")(newer.pressure)} dbar${ids.length > 1 ? ` · ${ids.length} bottles edited` : ""}`;
    sides[0].caption.textContent = `${kind === "trial" ? "As it is" : "Before"}: ${says(older, at.old)}`;
    sides[1].caption.textContent = `${kind === "trial" ? "As it would be" : "Now"}: ${says(newer, at.new)}`;
    tools.replaceChildren(...(kind === "trial" ? [
      el("button", { type: "button", class: "primary", onclick: () => { page.state.set({ try: null }); page.edit("Bottle", newer.id, { [`${parameter.variable}_qc`]: newer.flag }); } }, "Propose this…"),
      el("button", { type: "button", onclick: () => page.state.set({ try: null }) }, "Leave it")] : []));
    element.dataset.bottle = newer.id;
    element.dataset.kind = kind;
  }
  const says = (b, data) => `${b.value ?? "no value"}, flag ${b.flag ?? "–"} ${b.flag === null ? "" : meaning(b.flag, data)}`;

  function cut(data, b) {
    const order = [...data.stations].sort((a, c) => a.x - c.x);
    const i = order.findIndex((s) => s.id === b.station.id);
    const [from, to] = [order[Math.max(0, i - 6)].x, order[Math.min(order.length - 1, i + 6)].x];
    const reach = Math.max(260, 0.2 * b.pressure);
    return { x: [from, to], pressure: [Math.max(0, b.pressure - reach), Math.min(data.deepest, b.pressure + reach)] };
  }

  function drawSection({ name, section }) {
    if (!at || element.hidden) return;
    const { context, width, height } = sharp(section);
    const css = theme();
    const b = name === "old" ? at.older : at.newer;
    // Both sides have one scale of colours: that of the values that lie in the cut and count as good on either side.
    const frame = cut(at[name], b);
    const data = { ...at[name], domain: shared(frame) };
    const scale = axes(data, width, height, d3.zoomIdentity, frame);
    const here = data.stations.find((s) => s.id === b.station.id);
    clip(context, scale, css);
    drawField(context, prepared(data, scale), scale, d3.zoomIdentity, css);
    drawFloor(context, data, scale, css);
    drawBottles(context, data, scale, new Set(["good", "doubt", "bad"]), css, here);
    context.restore();
    drawAxes(context, scale, data, css, null);
    ring(context, scale.x(b.station.x), scale.y(b.pressure), "#ffffff", 10);
    drawCallouts(context, [b], { ...data, parameter: { units: "" } }, scale, css, width);
    section.setAttribute("aria-label", `Section around the bottle, ${name}`);
    section.dataset.verdict = b.verdict;
  }

  function shared(frame) {
    const inside = [at.old, at.new].flatMap((data) => data.bottles.filter((b) => b.verdict === "good" && b.station.x >= frame.x[0] && b.station.x <= frame.x[1] && b.pressure >= frame.pressure[0] && b.pressure <= frame.pressure[1]));
    const [low, high] = d3.extent(inside, (b) => b.value);
    return low === undefined || low === high ? at.new.domain : [low, high];
  }

  function drawProfile({ name, profile }) {
    if (!at || element.hidden) return;
    const { context, width, height } = sharp(profile);
    const data = at[name];
    const b = name === "old" ? at.older : at.newer;
    const near = b.station.bottles.filter((one) => Math.abs(one.pressure - b.pressure) <= Math.max(260, 0.2 * b.pressure));
    paint(context, width, height, { items: near, name: data.parameter.name, units: data.parameter.units, domain: data.domain, from: d3.min(near, (i) => i.pressure) }, { selected: b.id, show: new Set(["good", "doubt", "bad"]) });
    profile.setAttribute("aria-label", `Profile around the bottle, ${name}`);
  }

  async function tellFacts(mine) {
    const property = `${at.new.parameter.variable}_qc`;
    let found;
    try {
      found = await page.api("panels/compare/facts", { id: at.id, property });
    } catch (error) {
      facts.replaceChildren(el("p", { class: "problem" }, error.message));
      return;
    }
    if (mine !== asked) return;
    const { parameter } = at.new;
    facts.dataset.facts = String(found.facts.length);
    if (!found.used) facts.replaceChildren(el("p", {}, `No derived fact changes: none is computed from ${parameter.name}.`));
    else if (!found.facts.length) facts.replaceChildren(el("p", {}, `No derived fact rests on this value now. It enters where its flag is ${found.good.join(" or ")}; `, el("code", {}, "oceangraph derive"), " adds what follows to the proposal."));
    else facts.replaceChildren(
      el("p", {}, `${found.facts.length} derived ${found.facts.length === 1 ? "fact rests" : "facts rest"} on this value and ${found.facts.length === 1 ? "changes" : "change"} with it; `, el("code", {}, "oceangraph derive"), " computes what they become and adds it to the proposal."),
      el("ul", {}, found.facts.map((f) => el("li", {}, f.role === "value" ? `${f.how}: ${f.value}` : el("button", { type: "button", class: "as-link", onclick: () => page.select(f.label, f.id) }, f.name), f.role === "value" ? null : el("span", { class: "quiet" }, ` ${f.how.toLowerCase()}, ${f.role}${f.value === null ? "" : `, ${f.value}`}`)))));
  }

  sea.onChange((what) => { if (!what.pointed) follow(what); });
  await follow({ data: true });
}
