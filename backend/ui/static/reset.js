import { h, icon } from "./dom.js";
import { field, formAlert, submitting } from "./forms.js";

const START = "#reset=";

/** The token of a reset link that was opened, or an empty text. It stands after the #, which no server sees. */
export function resetToken() {
  return window.location.hash.startsWith(START) ? window.location.hash.slice(START.length) : "";
}

/** Take the token out of the address bar and the history. */
export function forgetResetToken() {
  window.history.replaceState(window.history.state, "", window.location.pathname + window.location.search);
}

/**
 * The form of somebody who opened a one-time link.
 * @param call a call by anyone
 * @param {(note: string) => void} onDone called with what to tell, once the password is set or the link is given up
 */
export function createReset(call, token, onDone, passwordMin) {
  const password = h("input", { type: "password", name: "new-password", autocomplete: "new-password" });
  const form = h(
    "form",
    { class: "sign-in-form", method: "post", novalidate: true, on: { submit } },
    h("h1", {}, "Set a new password"),
    formAlert(),
    field("new_password", "New password", password, { hint: `At least ${passwordMin} characters.` }),
    h("button", { type: "submit", class: "button is-primary is-wide" }, "Set the password"),
  );

  async function submit(event) {
    event.preventDefault();
    const body = { token, new_password: password.value };
    if (await submitting(form, () => call("reset_password", { body })))
      onDone("Your new password is set. Log in with it; everywhere else you were logged out.");
  }

  const giveUp = h("button", { type: "button", class: "link", on: { click: () => onDone("") } }, "Log in");
  return {
    element: h(
      "div",
      { class: "sign-in" },
      h("div", { class: "brand" }, h("span", { class: "brand-mark" }, icon("check")), h("span", {}, "Todos")),
      h(
        "div",
        { class: "card sign-in-card" },
        form,
        h("p", { class: "switch-line" }, "Know your password? ", giveUp),
      ),
    ),
    focus: () => password.focus(),
  };
}
