const PATIENCE_MILLISECONDS = 30_000;

/** The server said no, or nothing at all: `unreachable`. The detail is a sentence for the reader. */
export class Refusal extends Error {
  constructor({ code, detail, errors = [], retry_after_seconds: retryAfterSeconds = null, current = null }) {
    super(detail);
    Object.assign(this, { code, detail, errors, retryAfterSeconds, current });
  }
}

/**
 * Calls of the server's functions.
 * @param server Gradio's proxy: each function is one POST; it answers undefined when the network or the server fails
 */
export function createCalls(server) {
  /** A call by anyone; answers the data or throws a Refusal. */
  return async function call(name, envelope) {
    const answer = await Promise.race([server[name](envelope), silence()]);
    if (!answer) throw unreachable();
    if (!answer.ok) throw new Refusal(answer.error);
    return answer.data;
  };
}

function silence() {
  return new Promise((resolve) => setTimeout(resolve, PATIENCE_MILLISECONDS));
}

function unreachable() {
  const detail = navigator.onLine
    ? "The server does not answer. Nothing was changed; try again in a moment."
    : "You are offline. Nothing was changed; try again when you are connected.";
  return new Refusal({ code: "unreachable", detail });
}
