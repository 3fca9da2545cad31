import { copyable } from "./copying.js";
import { h } from "./dom.js";
import { saveFile } from "./files.js";
import { actionButton, section } from "./section.js";
import { baseAddress, snippets } from "./snippets.js";

/** How programs and agents get in: code with this app's own address in it, and the notebook. */
export const apiPage = {
  title: "API",

  draw(host, { call, views, warn }) {
    const base = baseAddress();
    const toAccount = () => views.open({ view: "account" });
    const download = async () => {
      const { content } = await call("fill_notebook", { body: { url: base } });
      saveFile(new Blob([content], { type: "application/x-ipynb+json" }), "todos-quickstart.ipynb");
    };
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
          actionButton("Download the notebook", download, warn),
        ),
      ),
      ...snippets(base).map(({ title, text = "", code }) => section(title, text, copyable(code, title))),
    );
  },
};
