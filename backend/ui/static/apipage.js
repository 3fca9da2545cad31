import { copyable } from "./copying.js";
import { h } from "./dom.js";
import { section } from "./section.js";
import { baseAddress, snippets } from "./snippets.js";

/** How programs and agents get in: code with this app's own address in it. */
export const apiPage = {
  title: "API",

  draw(host, { views }) {
    const base = baseAddress();
    const toAccount = () => views.open({ view: "account" });
    host.append(
      section(
        "Address",
        "Each of these needs a personal token in the place of todo_pat_YOUR_TOKEN.",
        copyable(base, "Address of this app"),
        h(
          "div",
          { class: "form-line" },
          h("button", { type: "button", class: "button is-primary", on: { click: toAccount } }, "Make a token"),
          h("a", { class: "button", href: `${base}docs`, target: "_blank", rel: "noopener" }, "All of the API"),
        ),
      ),
      ...snippets(base).map(({ title, text = "", code }) => section(title, text, copyable(code, title))),
    );
  },
};
