import { freshId, h, iconButton } from "./dom.js";

/** The top of a dialog: what it is, and a cross to close it. */
export function dialogHead(heading, close) {
  return h("header", { class: "dialog-head" }, heading, iconButton("close", "Close", close));
}

/**
 * A dialog in which nothing waits to be saved, so that a press beside it closes it.
 * @param {string} name its class
 * @param {string} title
 * @param {...Element} children what stands under its head; the last one scrolls
 */
export function createSheet(name, title, ...children) {
  const heading = h("h2", { class: "dialog-heading", id: freshId(name), dir: "auto" }, title);
  const element = h(
    "dialog",
    { class: `dialog ${name}`, "aria-labelledby": heading.id },
    h("div", { class: "dialog-frame" }, dialogHead(heading, close), ...children),
  );
  element.addEventListener("pointerdown", (event) => {
    if (event.target === element) close(); // outside, on the backdrop
  });

  function close() {
    if (element.open) element.close();
  }

  return {
    element,
    entitle: (text) => (heading.textContent = text),
    open: () => element.open || element.showModal(),
    close,
  };
}
