// The page talks to /api/v1 and to nothing else.

let csrf = "";
const troubled = new Set();

export class ApiError extends Error {
  constructor(message, status, kind) {
    super(message);
    this.status = status;
    this.kind = kind;
  }
}

let greeted = document.querySelector('meta[name="kgshare-page"]')?.content;

/** What the page is: project, panels, and what the session sends along with a change. The document says it once; later, and
    where a copy of the document is an old one, /page.json does. */
export async function hello() {
  if (greeted) {
    const said = JSON.parse(greeted);
    greeted = null;
    csrf = said.csrf;
    return said;
  }
  const answer = await reach("/page.json", {});
  const said = await answer.json().catch(() => null);
  if (!answer.ok || !said) throw failure(answer, said);
  csrf = said.csrf;
  return said;
}

/** Call `listener(error)` when the server or the database does not answer. */
export const onTrouble = (listener) => troubled.add(listener);

/** JSON from /api/v1/PATH; parameters may hold lists; an ApiError with a readable message otherwise. */
export async function api(path, parameters = {}, { signal } = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of [value].flat()) if (one !== null && one !== undefined) query.append(name, one);
  }
  return read(await reach(`/api/v1/${path}${query.size ? `?${query}` : ""}`, { headers: { accept: "application/json" }, signal }));
}

/** Send JSON to /api/v1/PATH; as `api` otherwise. */
export async function post(path, body, { signal } = {}) {
  const send = () => reach(`/api/v1/${path}`, { method: "POST", body: JSON.stringify(body), signal, headers: { "content-type": "application/json", "x-kgshare-csrf": csrf } });
  let answer = await send();
  // The page's server was started anew: a session of its own is a moment away, and nothing that was typed is lost.
  if (answer.status === 403) { await hello(); answer = await send(); }
  return read(answer);
}

async function reach(address, options) {
  try {
    return await fetch(address, { credentials: "same-origin", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw told(new ApiError("The page's server does not answer.", 0, "network"));
  }
}

async function read(answer) {
  const body = await answer.json().catch(() => null);
  if (!answer.ok) throw failure(answer, body);
  return body;
}

function failure(answer, body) {
  const error = new ApiError(body?.error?.message ?? `The server answered ${answer.status}.`, answer.status, body?.error?.kind);
  return error.kind === "database" ? told(error) : error;
}

function told(error) {
  for (const listener of troubled) listener(error);
  return error;
}
