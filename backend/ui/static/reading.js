import { h, icon } from "./dom.js";

const READ_PAUSE_MILLISECONDS = 150;
const PICTURES = { date: "calendar", time: "clock", recurrence: "repeat", start: "calendar", end: "calendar", tag: "tag", list: "list", priority: "flag" };

/**
 * What the server understands of a line while it is being typed, as chips. A chip that is pressed makes its words plain.
 * @param {(text: string) => void} rewrite puts another text into the line
 */
export function createReading(call, rewrite) {
  const element = h("div", { class: "reading", role: "group", "aria-label": "Understood", hidden: true });
  let timer;
  let asked = 0;
  let known = null; // {text, reading}

  function draw(text, reading) {
    const spans = reading.understood.filter((span) => span.kind in PICTURES);
    element.replaceChildren(...spans.map((span) => chip(text, span)));
    element.hidden = spans.length === 0;
  }

  function chip(text, span) {
    const label = `${span.meaning}: take “${span.text}” as plain words`;
    return h(
      "button",
      { type: "button", class: "reading-chip", data: { kind: span.kind }, title: label, "aria-label": label, on: { click: plain } },
      icon(PICTURES[span.kind]),
      h("bdi", {}, span.meaning),
      icon("close"),
    );
    function plain() {
      const characters = Array.from(text); // the server counts code points
      characters.splice(span.start, 0, "\\");
      rewrite(characters.join(""));
    }
  }

  async function ask(text) {
    asked += 1;
    const mine = asked;
    try {
      const { reading } = await call("read_quick", { body: { text } });
      if (mine !== asked) return;
      known = { text, reading };
      draw(text, reading);
    } catch {
      if (mine === asked) clear(); // Enter will say what is wrong
    }
  }

  function clear() {
    clearTimeout(timer);
    asked += 1;
    known = null;
    element.hidden = true;
    element.replaceChildren();
  }

  return {
    element,
    clear,
    /** The line says something else now. */
    follow(text) {
      clearTimeout(timer);
      if (text) timer = setTimeout(() => ask(text), READ_PAUSE_MILLISECONDS);
      else clear();
    },
    /** What of the line is known already, as fields of a todo. */
    preview(text) {
      if (known?.text !== text) return { title: text };
      const { title, due_date, due_time, due_timezone, priority, tags, recurrence } = known.reading;
      return { title: title || text, due_date, due_time, due_timezone, priority, tags, recurrence };
    },
  };
}
