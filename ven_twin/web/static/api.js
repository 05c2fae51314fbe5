// Calls to the VEN; what it refuses is said in its own words.

export async function read(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(await reason(answer));
  return answer.json();
}

export async function call(path, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(await reason(answer));
  return answer.json();
}

async function reason(answer) {
  try {
    const problem = await answer.json();
    return problem.field ? `${problem.field}: ${problem.detail}` : problem.detail;
  } catch {
    return `${answer.status} ${answer.statusText}`;
  }
}
