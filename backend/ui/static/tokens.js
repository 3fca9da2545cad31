import { copyable } from "./copying.js";
import { momentText } from "./dates.js";
import { h } from "./dom.js";
import { field, formAlert, submitting } from "./forms.js";
import { actionButton, listItem, section } from "./section.js";

const SCOPES = [
  ["read", "look"],
  ["add", "add new ones"],
  ["write", "change what is there"],
  ["delete", "move to the trash"],
];
const LIFETIMES = [
  ["30", "30 days"],
  ["90", "90 days"],
  ["365", "A year"],
  ["", "Until it is revoked"],
];
const DAY_MILLISECONDS = 24 * 60 * 60 * 1000;

/** Personal tokens, for programs and agents. A secret is shown once, when it is made. */
export function tokensSection({ call, warn }) {
  const list = h("ul", { class: "plain-list" });
  const fresh = h("div", { role: "status" });
  const name = h("input", { type: "text", autocomplete: "off", placeholder: "claude-laptop" });
  const boxes = SCOPES.map(([scope]) => h("input", { type: "checkbox", value: scope, checked: scope !== "delete" }));
  const lifetime = h("select", {}, ...LIFETIMES.map(([days, label]) => h("option", { value: days }, label)));
  lifetime.value = "90";
  const most = h("input", { type: "number", min: "1", max: "100", step: "1", placeholder: "100", autocomplete: "off" });
  const form = h(
    "form",
    { class: "section-form", novalidate: true, on: { submit } },
    formAlert(),
    field("name", "Name", name, { hint: "For you, and for the log of what it changed." }),
    h(
      "fieldset",
      { class: "field", data: { field: "scopes" } },
      h("legend", { class: "label" }, "It may"),
      h("div", { class: "checks" }, ...SCOPES.map(([, label], index) => h("label", { class: "check" }, boxes[index], label))),
      h("p", { class: "fault" }),
    ),
    field("expires_at", "Good for", lifetime),
    field("max_changes", "Most todos one call may change", most, { hint: "For changes of many at once; empty is 100." }),
    h("button", { type: "submit", class: "button is-primary" }, "Make a token"),
  );

  async function submit(event) {
    event.preventDefault();
    await submitting(form, make);
  }

  async function make() {
    const scopes = boxes.filter((box) => box.checked).map((box) => box.value);
    const days = Number(lifetime.value);
    const expires = days ? new Date(Date.now() + days * DAY_MILLISECONDS).toISOString() : null;
    const body = { name: name.value.trim(), scopes, expires_at: expires, max_changes: mostWanted() };
    const made = await call("add_token", { body });
    fresh.replaceChildren(
      h("p", { class: "once" }, "Copy it now: it is not shown again."),
      copyable(made.token, "The new token"),
    );
    form.reset();
    lifetime.value = "90";
    await load();
  }

  /** Undefined where nothing was said. What is no number becomes null, which is refused and not taken for the default. */
  function mostWanted() {
    return most.value || most.validity.badInput ? most.valueAsNumber : undefined;
  }

  async function load() {
    const { tokens } = await call("list_tokens");
    list.replaceChildren(...tokens.map(item));
  }

  function item(token) {
    const revoke = async () => {
      await call("revoke_token", { id: token.id });
      fresh.replaceChildren();
      await load();
    };
    const end = token.expires_at ? `good until ${momentText(token.expires_at)}` : "good until it is revoked";
    const used = token.last_used_at ? `last used ${momentText(token.last_used_at)}` : "never used";
    return listItem(
      h("bdi", {}, token.name),
      `${token.scopes.join(", ")}; up to ${token.max_changes} at once; ${end}; ${used}`,
      actionButton("Revoke", revoke, warn, { "aria-label": `Revoke ${token.name}` }),
    );
  }

  load().catch(warn);
  return section(
    "Personal tokens",
    "For programs and agents, so that none of them needs your password. What one of them did can be taken back by its token.",
    list,
    fresh,
    form,
  );
}
