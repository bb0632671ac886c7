// The view of the project's questions: the list, a form with the defaults, the answer as a table; all in the address.

import { api } from "./api.js";
import { table } from "./answer.js";
import { el, shown } from "./dom.js";

const IN_ADDRESS = "p."; // before a parameter's name, so that it is no name of the page's own
const TYPED = { int: "numeric", float: "decimal" };

/** Fill `element`; `page` is the same object that panels get. */
export async function mountQuestions(element, page) {
  const list = el("ul", { class: "labels questions" });
  const place = el("div", { class: "question" });
  element.append(
    el("header", { class: "card-head" }, el("h2", {}, "Questions"), el("p", { class: "quiet small" }, "Stated by the project, with the answers that its build was checked against")),
    el("div", { class: "browse" }, list, place));
  const { questions } = await api("questions");
  list.append(...questions.map((q) => el("li", {}, el("button", {
    type: "button", "data-question": q.name, onclick: () => page.state.set({ question: q.name, ...withoutParameters(page) }),
  }, q.question))));
  let asked = 0;

  async function show() {
    const mine = ++asked;
    const question = questions.find((q) => q.name === page.state.get("question")) ?? questions[0];
    for (const button of list.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.dataset.question === question.name));
    const values = Object.fromEntries(question.parameters.map((p) => [p.name, page.state.get(IN_ADDRESS + p.name) ?? p.default]));
    const answer = el("div", { class: "answer", "aria-live": "polite", "aria-busy": "true" }, el("p", { class: "quiet" }, "Asking…"));
    place.replaceChildren(
      el("h3", {}, question.question),
      ...(question.parameters.length ? [form(question, values, page)] : []),
      answer,
      el("details", {}, el("summary", {}, "The query"), el("pre", { class: "cypher" }, question.cypher)));
    let shownAnswer;
    try {
      shownAnswer = table(await api(`questions/${question.name}`, values), page, question.name);
    } catch (error) {
      shownAnswer = [el("p", { class: "problem", role: "alert" }, error.message)];
    }
    if (mine !== asked) return;
    answer.replaceChildren(...shownAnswer);
    answer.removeAttribute("aria-busy");
  }

  page.state.subscribe((changed) => {
    if ([...changed].some((name) => name === "question" || name.startsWith(IN_ADDRESS))) show();
  });
  page.onData(show);
  await show();
}

function withoutParameters(page) {
  return Object.fromEntries([...page.state.names()].filter((n) => n.startsWith(IN_ADDRESS)).map((n) => [n, null]));
}

function form(question, values, page) {
  const fields = question.parameters.map((p) => field(question, p, values[p.name]));
  return el("form", { class: "parameters", onsubmit: (event) => {
    event.preventDefault();
    const given = new FormData(event.target);
    // A default is not written down: the address says what is different.
    page.state.set({ question: question.name, ...Object.fromEntries(question.parameters.map((p) => {
      const value = String(given.get(p.name) ?? "");
      return [IN_ADDRESS + p.name, value === p.default ? null : value];
    })) });
  } }, fields, el("button", { type: "submit" }, "Ask"));
}

function field(question, p, value) {
  const id = `parameter-${question.name}-${p.name}`;
  let input;
  if (p.choices.length && !p.type.endsWith("[]")) {
    input = el("select", { id, name: p.name }, p.choices.map((c) => el("option", { value: c, selected: c === value }, c)));
  } else {
    input = el("input", { id, name: p.name, value, autocomplete: "off", spellcheck: "false", inputmode: TYPED[p.type] ?? null, type: p.type === "date" ? "date" : "text" });
    if (p.proposed || p.choices.length) propose(question, p, input);
  }
  return el("label", { for: id }, el("span", {}, p.name.replaceAll("_", " ")), input, p.description ? el("span", { class: "quiet small" }, p.description) : null);
}

async function propose(question, p, input) {
  const { choices } = await api("question-choices", { question: question.name, parameter: p.name }).catch(() => ({ choices: [] }));
  const options = el("datalist", { id: `${input.id}-choices` }, choices.map((c) => el("option", { value: shown(c) })));
  input.after(options);
  input.setAttribute("list", options.id);
}
