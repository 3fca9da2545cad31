import { h } from "./dom.js";
import { allowReminders, reminderState, silenceReminders } from "./reminders.js";
import { actionButton, section } from "./section.js";

const TEXTS = {
  on: "This browser notifies you while a tab of this page is open. For when none is, there is the calendar below.",
  off: "This browser can notify you while a tab of this page is open.",
  denied: "This browser was told to show no notifications of this page. Allow them beside its address, and come back.",
  unsupported: "Notifications need this page in a tab of its own.",
};

/** Reminders in this browser: on or off. */
export function reminderSection({ storage, warn }) {
  const text = h("p", { class: "section-text", role: "status" });
  const place = h("div", { class: "form-line" });

  function sync(state = reminderState(storage)) {
    text.textContent = TEXTS[state];
    const allow = async () => sync(await allowReminders(storage));
    const silence = async () => {
      silenceReminders(storage);
      sync();
    };
    if (state === "off") place.replaceChildren(actionButton("Notify me here", allow, warn));
    else if (state === "on") place.replaceChildren(actionButton("Stop notifying me here", silence, warn));
    else if (state === "unsupported")
      place.replaceChildren(h("a", { class: "button", href: window.location.href, target: "_blank", rel: "noopener" }, "Open in a tab"));
    else place.replaceChildren();
  }

  sync();
  return section("Reminders", "", text, place);
}
