// The page talks to /api/v1 and to nothing else.

export class ApiError extends Error {
  constructor(message, status, kind) {
    super(message);
    this.status = status;
    this.kind = kind;
  }
}

/** JSON from /api/v1/PATH; parameters may hold lists; an ApiError with a readable message otherwise. */
export async function api(path, parameters = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of [value].flat()) if (one !== null && one !== undefined) query.append(name, one);
  }
  let answer;
  try {
    answer = await fetch(`/api/v1/${path}${query.size ? `?${query}` : ""}`, { headers: { accept: "application/json" } });
  } catch {
    throw new ApiError("The page's server does not answer.", 0, "network");
  }
  const body = await answer.json().catch(() => null);
  if (!answer.ok) {
    throw new ApiError(body?.error?.message ?? `The server answered ${answer.status}.`, answer.status, body?.error?.kind);
  }
  return body;
}
