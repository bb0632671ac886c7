// The list of this sandbox's changes against its baseline, with undo, and the proposal that they make.

import { post } from "./api.js";
import { byId, el } from "./dom.js";
import { save } from "./download.js";
import { facts, subject, undo } from "./edits.js";
import { line } from "./history.js";

const KEPT = "kgshare proposal"; // what was typed of a proposal, also after a reload

/** Fill the card; it is there as long as there are changes. */
export function mountTray(card, page) {
  const count = byId("edit-count");
  const list = el("ul", { class: "change-list" });
  const said = el("p", { class: "problem", role: "alert", hidden: true });
  const notice = el("p", { class: "quiet small" });
  const form = proposal(page);
  card.append(
    el("header", { class: "card-head" }, el("h2", { id: "tray-title", tabindex: "-1" }, "Changes in this sandbox"), el("button", { type: "button", class: "small-button", onclick: () => attempt(page.changes().map((_, i) => i)) }, "Undo all")),
    list, said, notice, form.element);

  async function attempt(numbers) {
    said.hidden = true;
    card.setAttribute("aria-busy", "true");
    try {
      await undo(numbers);
      page.say("Undone.");
    } catch (error) {
      said.textContent = error.message;
      said.hidden = false;
    }
    card.removeAttribute("aria-busy");
  }

  function show() {
    const edits = page.changes();
    const { dropped } = facts();
    card.hidden = !edits.length && !dropped;
    count.hidden = !edits.length;
    count.textContent = `${edits.length.toLocaleString("en")} ${edits.length === 1 ? "change" : "changes"}`;
    form.element.hidden = !edits.length;
    notice.textContent = dropped ? `${dropped} ${dropped === 1 ? "change is" : "changes are"} no longer in the graph: it was reset, or changed elsewhere.` : "";
    notice.hidden = !dropped;
    list.replaceChildren(...edits.map((edit, i) => {
      const record = edit.record ?? edit.relationship.start;
      return el("li", {},
        el("div", {}, el("button", { type: "button", class: "link", onclick: () => page.select(record.label, record.key) }, el("span", { class: "found-title" }, subject(edit)), el("span", { class: "tag" }, edit.record ? record.label : "relationship")), line(edit)),
        el("button", { type: "button", class: "small-button", "aria-label": `Undo: ${subject(edit)} ${edit.name ?? edit.kind}`, onclick: () => attempt([i]) }, "Undo"));
    }));
    form.refresh();
  }

  count.addEventListener("click", (event) => {
    event.preventDefault();
    byId("tray-title").scrollIntoView({ block: "center" });
    byId("tray-title").focus();
  });
  page.onData(show);
  show();
}

function proposal(page) {
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? localStorage.getItem(KEPT) ?? "{}");
  const title = el("input", { id: "proposal-title", required: true, maxlength: "200", autocomplete: "off", value: kept.title ?? "" });
  const reason = el("textarea", { id: "proposal-reason", required: true, rows: "4" });
  reason.value = kept.reason ?? "";
  const author = el("input", { id: "proposal-author", required: true, autocomplete: "name", placeholder: "Name <address>", value: kept.author ?? "" });
  const references = el("input", { id: "proposal-references", autocomplete: "off", placeholder: "doi:10.1000/example, cruise report p. 12", value: kept.references ?? "" });
  const said = el("div", { class: "proposed", "aria-live": "polite" });
  const button = el("button", { type: "submit", class: "primary" }, "Make the proposal");
  const form = el("form", { onsubmit: send },
    field("Title", title), field("Reason", reason), field("Your name and e-mail", author), field("What it rests on (optional)", references),
    el("div", { class: "tools" }, button), said);
  const element = el("details", { class: "proposal", open: Boolean(kept.title || kept.reason) }, el("summary", {}, "Propose these changes"), form);

  function keep() {
    const now = { title: title.value, reason: reason.value, author: author.value, references: references.value };
    sessionStorage.setItem(KEPT, JSON.stringify(now));
    localStorage.setItem(KEPT, JSON.stringify({ author: author.value }));
  }
  element.addEventListener("input", keep);

  async function send(event) {
    event.preventDefault();
    button.disabled = true;
    try {
      const made = await post("propose", { title: title.value, reason: reason.value, author: author.value, references: references.value.split(",").map((r) => r.trim()).filter(Boolean) });
      save(made.file, made.text);
      said.replaceChildren(...shownProposal(made));
      page.say(`The proposal ${made.file} was saved.`);
    } catch (error) {
      said.replaceChildren(el("p", { class: "problem", role: "alert" }, error.message));
    }
    button.disabled = false;
  }

  return { element, refresh: () => { said.replaceChildren(); button.disabled = !facts().proposable; } };
}

function field(label, input) {
  return el("label", { for: input.id }, el("span", {}, label), input);
}

function shownProposal(made) {
  return [
    el("p", {}, el("strong", {}, made.file), ` with ${made.changes.toLocaleString("en")} ${made.changes === 1 ? "change" : "changes"} was saved.`),
    el("details", {}, el("summary", {}, "What it says"), el("pre", { class: "cypher", tabindex: "0" }, made.text)),
    el("button", { type: "button", class: "small-button", onclick: () => save(made.file, made.text) }, "Save it again"),
    el("h3", {}, "What to do next"),
    el("ol", { class: "steps" }, made.next.map((step) => el("li", {}, step.what, step.command ? copyable(step.command) : null))),
  ];
}

function copyable(command) {
  const button = el("button", { type: "button", class: "small-button", onclick: async () => {
    try { await navigator.clipboard.writeText(command); button.textContent = "Copied"; } catch { button.textContent = "Select it and copy"; }
  } }, "Copy");
  return el("div", { class: "command" }, el("code", { tabindex: "0" }, command), button);
}
