import { freshId, h } from "./dom.js";

/** A part of a page: a card with its heading, a sentence on what it is for, and what stands in it. */
export function section(title, text, ...children) {
  const heading = h("h2", { id: freshId("section") }, title);
  return h(
    "section",
    { class: "card section", "aria-labelledby": heading.id },
    heading,
    text && h("p", { class: "section-text" }, text),
    ...children,
  );
}

/** A button that does one thing, and cannot be pressed twice meanwhile; a refusal is passed to `warn`. */
export function actionButton(label, run, warn, attributes = {}) {
  const button = h("button", { type: "button", class: "button", on: { click } , ...attributes }, label);
  async function click() {
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    try {
      await run();
    } catch (refusal) {
      warn(refusal);
    } finally {
      button.removeAttribute("aria-disabled");
    }
  }
  return button;
}
