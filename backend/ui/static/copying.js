import { h } from "./dom.js";

const SAID_MILLISECONDS = 2_000;

/** A button that copies a text, and says so. Where the browser forbids it, the text is selected for Ctrl+C. */
export function copyButton(read, source, label = "Copy") {
  // Live itself: a region inside of a button is no part of its name, and is not read out.
  const button = h("button", { type: "button", class: "button copy", "aria-live": "polite", on: { click: copy } }, label);

  async function copy() {
    try {
      await navigator.clipboard.writeText(read());
      button.textContent = "Copied";
    } catch {
      window.getSelection().selectAllChildren(source);
      button.textContent = "Selected: press Ctrl+C";
    }
    setTimeout(() => (button.textContent = label), SAID_MILLISECONDS);
  }

  return button;
}

/** A text to be copied as it is, in a box of its own. */
export function copyable(text, label) {
  const code = h("code", {}, text);
  // Long lines scroll, so it takes the focus: otherwise the keyboard could not reach their ends.
  const box = h("pre", { class: "code", tabindex: "0", role: "region", "aria-label": label }, code);
  return h("div", { class: "copyable" }, box, copyButton(() => text, code, "Copy"));
}
