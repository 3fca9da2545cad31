import { guessTimezone } from "./dates.js";
import { h, icon } from "./dom.js";
import { field, formAlert, submitting } from "./forms.js";

/**
 * Logging in and creating an account. Real forms with the names that password managers look for.
 * @param session the browser's login
 * @param call a call by anyone
 * @param {() => void} onDone called when somebody is logged in
 * @param {{note?: string, notices?: Element}} options `note`: a sentence above the form, such as why one has to log in
 *   again. `notices`: what must be known before one relies on the page
 */
export function createSignIn(session, call, onDone, passwordMin, { note = "", notices = null } = {}) {
  const place = h("div", { class: "card sign-in-card" });
  const element = h(
    "div",
    { class: "sign-in" },
    h("div", { class: "brand" }, h("span", { class: "brand-mark" }, icon("check")), h("span", {}, "Todos")),
    place,
    h("p", { class: "sign-in-foot" }, "Your list, on every device, never lost."),
    notices,
  );

  function showLogin(name = "") {
    const username = h("input", { type: "text", name: "username", autocomplete: "username", autocapitalize: "none" });
    const password = passwordInput("current-password");
    username.value = name;
    const form = makeForm(
      "Log in",
      note,
      [field("username", "E-mail or username", username), field("password", "Password", password)],
      () => session.logIn({ username: username.value.trim(), password: password.value }),
    );
    place.replaceChildren(form, switchLine("New here?", "Create an account", () => showRegister(username.value)));
    (name ? password : username).focus();
  }

  function showRegister(name = "") {
    const email = h("input", { type: "email", name: "email", autocomplete: "email", autocapitalize: "none" });
    const username = h("input", { type: "text", name: "username", autocomplete: "username", autocapitalize: "none" });
    const password = passwordInput("new-password");
    if (name.includes("@")) email.value = name.trim();
    else username.value = name.trim();
    const form = makeForm(
      "Create an account",
      "",
      [
        field("email", "E-mail", email),
        field("username", "Username", username, { hint: "Letters, digits, dot, dash and underscore." }),
        field("password", "Password", password, { hint: `At least ${passwordMin} characters.` }),
      ],
      async () => {
        const account = { email: email.value.trim(), username: username.value.trim(), password: password.value };
        await register(call, account);
        await session.logIn({ username: account.username, password: account.password });
      },
    );
    place.replaceChildren(form, switchLine("Have an account?", "Log in", () => showLogin(username.value || email.value)));
    (email.value ? username : email).focus();
  }

  function makeForm(title, text, fields, work) {
    const form = h(
      "form",
      { class: "sign-in-form", method: "post", novalidate: true, on: { submit } },
      h("h1", {}, title),
      text && h("p", { class: "sign-in-note", role: "status" }, text),
      formAlert(),
      ...fields,
      h("button", { type: "submit", class: "button is-primary is-wide" }, title),
    );
    async function submit(event) {
      event.preventDefault();
      if (await submitting(form, work)) onDone();
    }
    return form;
  }

  showLogin();
  return { element };
}

/** Register in the browser's time zone, or in UTC where the server does not know that name. */
async function register(call, account) {
  try {
    await call("register", { body: { ...account, timezone: guessTimezone() } });
  } catch (refusal) {
    const isZoneAlone = refusal.errors?.length && refusal.errors.every((fault) => fault.field === "timezone");
    if (!isZoneAlone) throw refusal;
    await call("register", { body: { ...account, timezone: "UTC" } });
  }
}

function passwordInput(autocomplete) {
  return h("input", { type: "password", name: "password", autocomplete });
}

function switchLine(question, action, onClick) {
  return h(
    "p",
    { class: "switch-line" },
    `${question} `,
    h("button", { type: "button", class: "link", on: { click: onClick } }, action),
  );
}
