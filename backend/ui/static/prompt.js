import { freshId, h } from "./dom.js";

/** A small dialog that asks for one line. */
export function createPrompt() {
  const heading = h("h2", { class: "dialog-heading", id: freshId("prompt") });
  const input = h("input", { type: "text", id: freshId("prompt-input"), maxlength: "100", autocomplete: "off", dir: "auto" });
  const label = h("label", { class: "label", for: input.id });
  const yes = h("button", { type: "submit", class: "button is-primary" });
  const form = h(
    "form",
    { method: "dialog", class: "prompt-form", on: { submit } },
    heading,
    h("div", { class: "field" }, label, input),
    h(
      "div",
      { class: "prompt-foot" },
      h("button", { type: "button", class: "button", on: { click: () => element.close() } }, "Cancel"),
      yes,
    ),
  );
  const element = h("dialog", { class: "dialog prompt", "aria-labelledby": heading.id }, form);
  let answer = null;

  function submit(event) {
    event.preventDefault();
    const text = input.value.trim();
    if (!text) return input.focus();
    element.close();
    return answer(text);
  }

  return {
    element,
    /** Ask, and call back with what was written; not at all where it was cancelled. */
    ask(title, words, action, value, onAnswer) {
      heading.textContent = title;
      label.textContent = words;
      yes.textContent = action;
      input.value = value;
      answer = onAnswer;
      element.showModal();
      input.select();
    },
    close: () => element.open && element.close(),
  };
}
