const FIRST_PAUSE_MILLISECONDS = 1_000;
const LONGEST_PAUSE_MILLISECONDS = 30_000;

/**
 * Follows what is changed elsewhere, as a stream of the server's events. It is read with `fetch`, because the token goes
 * into a header: cookies may be blocked in a Space's frame. Nothing is read while nobody looks, for a browser allows
 * few connections to one host.
 * @param {() => Promise<string>} token
 * @param {string} cursor where to begin
 * @param {() => Promise<string>} now the cursor of this moment
 * @param {{change: Function, reload: Function}} hooks `change` gets each change; `reload`: something may have been missed
 */
export function createLive(token, cursor, now, hooks) {
  let controller = null;
  let reached = cursor;

  async function follow(signal) {
    let pause = FIRST_PAUSE_MILLISECONDS;
    while (!signal.aborted) {
      try {
        if (!reached) {
          reached = await now();
          hooks.reload();
        }
        for await (const event of events(reached, await token(), signal)) {
          pause = FIRST_PAUSE_MILLISECONDS;
          if (event.name === "change") hooks.change(JSON.parse(event.data));
          if (event.name === "cursor") reached = event.id;
        }
      } catch (error) {
        if (error.status === 410) reached = null; // too old: begin again
        if (error.code === "not_authenticated") return; // the page to log in comes up
      }
      if (!signal.aborted) await waiting(pause * (0.5 + Math.random()), signal);
      pause = Math.min(2 * pause, LONGEST_PAUSE_MILLISECONDS);
    }
  }

  function stop() {
    controller?.abort();
    controller = null;
  }

  function sync() {
    stop();
    if (document.visibilityState !== "visible") return;
    controller = new AbortController();
    follow(controller.signal);
  }

  document.addEventListener("visibilitychange", sync);
  window.addEventListener("online", sync);
  return {
    start: sync,
    close() {
      document.removeEventListener("visibilitychange", sync);
      window.removeEventListener("online", sync);
      stop();
    },
  };
}

/** The events of one connection, until it ends. */
async function* events(cursor, token, signal) {
  const address = `api/v1/events?cursor=${encodeURIComponent(cursor)}`;
  const answer = await fetch(address, { headers: { Authorization: `Bearer ${token}` }, signal, cache: "no-store" });
  if (!answer.ok) throw Object.assign(new Error("refused"), { status: answer.status });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text = (text + value).replaceAll("\r\n", "\n");
    const blocks = text.split("\n\n");
    text = blocks.pop();
    yield* blocks.map(parsed);
  }
}

/** One event: lines of `field: value`; a line that begins with a colon keeps the connection alive. */
function parsed(block) {
  const event = { name: "", id: null, data: "" };
  for (const line of block.split("\n")) {
    const [, field, value] = /^(\w+): ?(.*)$/.exec(line) ?? [];
    if (field === "event") event.name = value;
    if (field === "id") event.id = value;
    if (field === "data") event.data += value;
  }
  return event;
}

function waiting(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
