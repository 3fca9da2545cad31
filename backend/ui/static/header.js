import { freshId, h } from "./dom.js";

/** The bar at the top: the name of the view, the search, and the account behind its initial. */
export function createHeader(account, heading, search, onLogOut) {
  const panel = h(
    "div",
    { class: "menu", id: freshId("menu"), hidden: true },
    h("p", { class: "menu-name" }, h("bdi", {}, account.username)),
    h("p", { class: "menu-detail" }, h("bdi", {}, account.email)),
    h("p", { class: "menu-detail" }, `Time zone: ${account.timezone.replaceAll("_", " ")}`),
    h("button", { type: "button", class: "button is-wide", on: { click: onLogOut } }, "Log out"),
  );
  const button = h(
    "button",
    {
      type: "button",
      class: "avatar",
      "aria-label": `Account of ${account.username}`,
      "aria-expanded": "false",
      "aria-controls": panel.id,
      on: { click: () => open(panel.hidden) },
    },
    account.username.slice(0, 1).toUpperCase(),
  );
  const wrapper = h("div", { class: "account" }, button, panel);

  function open(isOpen) {
    panel.hidden = !isOpen;
    button.setAttribute("aria-expanded", String(isOpen));
  }

  wrapper.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || panel.hidden) return;
    open(false);
    button.focus();
  });
  wrapper.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !wrapper.contains(event.relatedTarget)) open(false);
  });
  document.addEventListener("pointerdown", (event) => {
    if (!wrapper.contains(event.target)) open(false);
  });

  return h("header", { class: "top" }, heading, search, wrapper);
}
