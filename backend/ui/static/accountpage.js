import { calendarSection } from "./calendarsection.js";
import { guessTimezone } from "./dates.js";
import { freshId, h } from "./dom.js";
import { field, formAlert, submitting } from "./forms.js";
import { loginsSection } from "./logins.js";
import { reminderSection } from "./remindersection.js";
import { section } from "./section.js";
import { tokensSection } from "./tokens.js";

/** Everything that belongs to the account itself. */
export const accountPage = {
  title: "Account",

  draw(host, context) {
    host.append(
      profileSection(context),
      reminderSection(context),
      calendarSection(context),
      tokensSection(context),
      passwordSection(context),
      loginsSection(context),
      deletionSection(context),
    );
  },
};

function profileSection({ account, call, toasts, reenter }) {
  const email = h("input", { type: "email", autocomplete: "email", autocapitalize: "none", value: account.email });
  const username = h("input", { type: "text", autocomplete: "username", autocapitalize: "none", value: account.username });
  const zones = h("datalist", { id: freshId("zones") }, ...zoneNames().map((zone) => h("option", { value: zone })));
  const timezone = h("input", { type: "text", list: zones.id, autocomplete: "off", value: account.timezone });
  const here = guessTimezone();
  const useHere = () => {
    timezone.value = here;
    timezone.focus();
  };
  const isElsewhere = here !== account.timezone;
  const save = async () => {
    const said = { email: email.value.trim(), username: username.value.trim(), timezone: timezone.value.trim() };
    const changes = Object.fromEntries(Object.entries(said).filter(([name, value]) => value !== account[name]));
    if (Object.keys(changes).length === 0) return;
    await call("update_account", { body: changes });
    await reenter();
    toasts.say("Saved.");
  };
  return section(
    "Profile",
    "",
    formOf(
      save,
      "Save",
      field("email", "E-mail", email),
      field("username", "Username", username),
      field("timezone", "Time zone", timezone, { hint: "Where days like today begin and end for you." }),
      zones,
      isElsewhere && h("button", { type: "button", class: "link", on: { click: useHere } }, `Use this browser's: ${here}`),
    ),
  );
}

function passwordSection({ call, toasts, limits }) {
  const current = h("input", { type: "password", autocomplete: "current-password" });
  const next = h("input", { type: "password", autocomplete: "new-password" });
  const form = formOf(
    async () => {
      await call("change_password", { body: { current_password: current.value, new_password: next.value } });
      form.reset();
      toasts.say("The password was changed; every other login has ended.");
    },
    "Change the password",
    field("current_password", "Password now", current),
    field("new_password", "New password", next, { hint: `At least ${limits.password} characters.` }),
  );
  return section("Password", "Changing it ends every other login. Personal tokens go on working.", form);
}

function deletionSection({ account, call, leave }) {
  const password = h("input", { type: "password", autocomplete: "current-password" });
  const sure = h("input", { type: "text", autocomplete: "off", autocapitalize: "none" });
  const remove = async () => {
    if (sure.value.trim() !== account.username) {
      const detail = `Type your username, ${account.username}, to say that you mean it.`;
      throw { code: "unsure", detail, errors: [{ field: "sure", message: detail }] };
    }
    await call("delete_account", { body: { password: password.value } });
    leave("Your account was deleted.");
  };
  const form = formOf(
    remove,
    "Delete my account",
    field("password", "Password", password),
    field("sure", "Your username, to be sure", sure),
  );
  form.querySelector("[type=submit]").classList.replace("is-primary", "is-danger");
  return section(
    "Delete account",
    "Your todos, lists and tokens are deleted for good, at once. Export them first if you may want them again.",
    form,
  );
}

function formOf(work, label, ...fields) {
  const submit = async (event) => {
    event.preventDefault();
    await submitting(event.target, work);
  };
  return h(
    "form",
    { class: "section-form", method: "post", novalidate: true, on: { submit } },
    formAlert(),
    ...fields,
    h("button", { type: "submit", class: "button is-primary" }, label),
  );
}

function zoneNames() {
  return Intl.supportedValuesOf?.("timeZone") ?? [];
}
