import { momentText } from "./dates.js";
import { h } from "./dom.js";
import { actionButton, listItem, section } from "./section.js";

/** Where the account is logged in, each to be ended, or all at once. */
export function loginsSection({ call, warn, leave }) {
  const list = h("ul", { class: "plain-list" });

  async function load() {
    const { sessions } = await call("list_sessions");
    list.replaceChildren(...sessions.map(item));
  }

  function item(login) {
    const end = async () => {
      await call("end_session", { id: login.id });
      await load();
    };
    return listItem(
      login.is_current ? "This browser" : "Another browser or program",
      `Since ${momentText(login.created_at)}, last used ${momentText(login.last_used_at)}`,
      !login.is_current && actionButton("End", end, warn),
    );
  }

  async function endAll() {
    await call("end_all_sessions");
    leave("You are logged out everywhere.");
  }

  load().catch(warn);
  return section(
    "Logins",
    "Somebody else's among them? End it, and change the password.",
    list,
    actionButton("Log out everywhere", endAll, warn),
  );
}
