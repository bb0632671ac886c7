// The view about this bundle: what it holds, what it is made of, who vouches for it, and how to cite it.

import { api } from "./api.js";
import { el, shown, words } from "./dom.js";
import { reference } from "./history.js";

/** Fill `element`. */
export async function mountAbout(element, page) {
  element.append(el("header", { class: "card-head" }, el("h2", {}, "About this bundle")));
  const [about, bundle] = await Promise.all([page.about(), api("bundle")]);
  const { project } = about;
  element.append(
    el("p", { class: "lead" }, project.description),
    el("div", { class: "about" },
      section("What it is", [["Name", project.name], ["Version", project.version], ["Authors", bundle.authors.join(", ")], ["Licence", bundle.licence], ...Object.entries(bundle.made_with), ["Graph", bundle.baseline]]),
      section("What it holds", [["Nodes", about.nodes], ["Relationships", about.relationships], ["Labels", Object.keys(about.labels).length], ["Relationship types", Object.keys(about.types).length], ["Questions", page.questions ?? null]]),
      signature(bundle.verified),
      materials(bundle.verified)),
    el("h3", {}, "How to cite"),
    el("p", { class: "cite" }, bundle.cite),
    el("h3", {}, "Sources"),
    bundle.sources.length ? sources(bundle.sources, page) : el("p", { class: "quiet" }, "The graph does not say what its records were derived from."),
    el("h3", {}, "Counts"),
    el("div", { class: "columns" }, counts(about.labels, (n) => n), counts(about.types, words)),
    el("p", { class: "quiet small" }, "The page talks to ", el("a", { href: "/api/v1/openapi.json" }, "a documented API"), " and to nothing else."));
}

const text = (value) => (typeof value === "number" ? value.toLocaleString("en") : value);

function section(title, rows) {
  return el("section", {}, el("h3", {}, title), el("dl", { class: "properties" }, rows.filter(([, v]) => v !== null && v !== undefined && v !== "").flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, text(value))])));
}

function signature(verified) {
  if (!verified) return el("section", {}, el("h3", {}, "Who vouches for it"), el("p", {}, "It was started without kgshare, so nobody has verified it on this machine. ", el("code", {}, "kgshare verify FILE"), " does."));
  const signed = verified.signed;
  const rows = [["Bundle", verified.digest]];
  if (signed?.signer) rows.push(["Signed by", signed.signer], ["Key", signed.fingerprint], ["On", signed.time ? signed.time.slice(0, 10) : null]);
  const word = !signed ? "Its content was verified when it was started." : signed.accepted ? "Its signature was verified when it was started." : `Not vouched for: ${signed.reason}`;
  const made = section("Who vouches for it", rows);
  made.querySelector("h3").after(el("p", { class: signed && !signed.accepted ? "problem" : "fine" }, word));
  return made;
}

function materials(verified) {
  if (!verified?.components) return null;
  const licences = Object.entries(verified.licences ?? {});
  const made = section("What it is made of", Object.entries(verified.components));
  made.append(el("details", {}, el("summary", {}, "Licences", el("span", { class: "count" }, String(licences.length + (verified.more_licences ?? 0)))),
    el("dl", { class: "properties" }, licences.flatMap(([name, count]) => [el("dt", {}, name), el("dd", {}, text(count))]))));
  return made;
}

function sources(found, page) {
  return el("ul", { class: "sources" }, found.map((s) => el("li", {},
    el("button", { type: "button", class: "link", onclick: () => page.select(s.label, s.key) }, el("span", { class: "found-title" }, s.title), el("span", { class: "tag" }, `${text(s.records)} records`)),
    el("dl", { class: "properties" }, s.properties.filter((p) => p.name !== "name").flatMap((p) => [el("dt", {}, p.name), el("dd", {}, reference(p.name === "doi" ? `doi:${p.value}` : shown(p.value)))])))));
}

function counts(found, named) {
  return el("dl", { class: "properties" }, Object.entries(found).flatMap(([name, count]) => [el("dt", {}, named(name)), el("dd", {}, text(count))]));
}
