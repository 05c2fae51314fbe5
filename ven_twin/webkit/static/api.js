// Calls to the page's server. A refusal is an error with the server's own words and the field that is wrong.

export class RefusedError extends Error {
  /**
   * @param {string} message
   * @param {{ field?: string | null, detail?: string }} problem
   */
  constructor(message, { field, detail }) {
    super(message);
    this.field = field ?? "";
    this.detail = detail ?? message;
  }
}

/**
 * @param {string} path
 * @returns {Promise<any>}
 */
export async function read(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw await refusal(answer);
  return answer.json();
}

/**
 * The answer to a change; null where the server has nothing to answer.
 * @param {string} path
 * @param {object} body
 * @param {{ method?: string, headers?: Record<string, string> }} [options]
 * @returns {Promise<any>}
 */
export async function call(path, body, { method = "POST", headers = {} } = {}) {
  const answer = await fetch(path, {
    method,
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw await refusal(answer);
  return answer.status === 204 ? null : answer.json();
}

/**
 * The words of an error, whatever was thrown.
 * @param {unknown} error
 */
export const wordsOf = (error) => (error instanceof Error ? error.message : String(error));

/** @param {Response} answer */
async function refusal(answer) {
  try {
    /** @type {KitApi.Problem} */
    const { field, detail } = await answer.json();
    return new RefusedError(field ? `${field}: ${detail}` : detail, { field, detail });
  } catch {
    return new RefusedError(`${answer.status} ${answer.statusText}`, {});
  }
}
