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

/** One thing of several: its name, a text or a list of texts and elements; more about it; and what can be done with it. */
export function listItem(name, text, ...controls) {
  const words = [h("p", { class: "item-name" }, ...[name].flat()), text && h("p", { class: "hint" }, text)];
  return h("li", { class: "plain-item" }, h("div", { class: "spread" }, ...words), ...controls);
}

/** A button that does one thing, and cannot be pressed twice meanwhile; a refusal is passed to `warn`. */
export function actionButton(label, run, warn, attributes = {}) {
  const button = h("button", { type: "button", class: "button", on: { click }, ...attributes }, label);
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
