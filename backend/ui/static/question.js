import { freshId, h } from "./dom.js";

/** A small dialog that asks for a yes. */
export function createQuestion() {
  const heading = h("h2", { class: "dialog-heading", id: freshId("question"), dir: "auto" });
  const words = h("p", { class: "section-text", id: freshId("question-words") });
  const yes = h("button", { type: "submit", class: "button is-primary", value: "yes" });
  const element = h(
    "dialog",
    { class: "dialog prompt", "aria-labelledby": heading.id, "aria-describedby": words.id },
    h(
      "form",
      { method: "dialog", class: "prompt-form" },
      heading,
      words,
      h("div", { class: "prompt-foot" }, h("button", { type: "submit", class: "button", value: "" }, "Cancel"), yes),
    ),
  );

  return {
    element,
    /** The title is a text, or a list of texts and elements. True once it is answered with yes; false where it is cancelled. */
    ask(title, text, action) {
      heading.replaceChildren(...[title].flat());
      words.textContent = text;
      yes.textContent = action;
      element.returnValue = "";
      element.showModal();
      yes.focus();
      return new Promise((resolve) => {
        element.addEventListener("close", () => resolve(element.returnValue === "yes"), { once: true });
      });
    },
    close: () => element.open && element.close(),
  };
}
