// Calls to who serves the page; what is refused is said in its own words, with the field that is wrong.

export async function read(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw await refusal(answer);
  return answer.json();
}

export async function call(path, body, { method = "POST", headers = {} } = {}) {
  const answer = await fetch(path, {
    method,
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw await refusal(answer);
  return answer.status === 204 ? null : answer.json();
}

async function refusal(answer) {
  try {
    const { field, detail } = await answer.json();
    return Object.assign(new Error(field ? `${field}: ${detail}` : detail), { field, detail, status: answer.status });
  } catch {
    return Object.assign(new Error(`${answer.status} ${answer.statusText}`), { status: answer.status });
  }
}
