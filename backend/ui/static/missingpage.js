import { h, icon } from "./dom.js";

const WORDS = { list: "There is no such list.", filter: "There is no such filter." };

/** Where an address leads to nothing: it was deleted, or belongs to somebody else, or was never there. */
export const missingPage = {
  title: "Not found",

  draw(host, { views }) {
    const toInbox = () => views.open({ view: "inbox" });
    host.append(
      h(
        "div",
        { class: "empty", role: "status" },
        h("span", { class: "empty-icon" }, icon("search")),
        h("h2", {}, WORDS[views.current().name] ?? "There is no such page."),
        h("p", {}, "It may have been deleted, or a part of the address is missing."),
        h("button", { type: "button", class: "button is-primary", on: { click: toInbox } }, "Go to the Inbox"),
      ),
    );
  },
};
