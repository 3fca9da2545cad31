import { h, icon } from "./dom.js";

/** What a notice is called, how loud it is, and whether it is spoken at once. */
const KINDS = {
  damaged: { title: "The database is damaged", isLoud: true },
  read_only: { title: "Nothing can be changed", isLoud: true },
  losses: { title: "Some of what was stored could not be saved", isLoud: true },
  ephemeral: { title: "This data does not outlive a restart", isLoud: false },
};

/**
 * What people must know of the storage before they rely on the page. Takes no room while there is nothing to tell.
 * @param {{quarantine: () => void, acknowledge: () => Promise<void>}} [actions] what an administrator can do
 */
export function createNotices(actions = null) {
  const element = h("div", { class: "notices" });

  function draw(notice) {
    const { title, isLoud } = KINDS[notice.kind];
    const details = [...notice.text.split("\n"), ...notice.details].map((line) => h("p", { dir: "auto" }, line));
    return h(
      "section",
      { class: isLoud ? "notice is-loud" : "notice", data: { kind: notice.kind }, "aria-label": title },
      icon("warning"),
      h("div", { class: "notice-body" }, h("h2", { class: "notice-title" }, title), ...details, buttons(notice)),
    );
  }

  function buttons(notice) {
    if (!actions || !(notice.has_quarantine || notice.can_be_acknowledged)) return null;
    return h(
      "div",
      { class: "notice-buttons" },
      notice.has_quarantine &&
        h("button", { type: "button", class: "button", on: { click: actions.quarantine } }, "What was kept"),
      notice.can_be_acknowledged && acknowledgeButton(actions.acknowledge),
    );
  }

  return {
    element,
    /** Show these, and no others. */
    show: (notices) => element.replaceChildren(...notices.map(draw)),
  };
}

function acknowledgeButton(acknowledge) {
  const button = h("button", { type: "button", class: "button" }, "I have read this");
  button.addEventListener("click", async () => {
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    await acknowledge();
    button.removeAttribute("aria-disabled");
  });
  return button;
}
