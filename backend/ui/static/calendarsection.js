import { copyable } from "./copying.js";
import { momentText } from "./dates.js";
import { h } from "./dom.js";
import { actionButton, section } from "./section.js";
import { baseAddress } from "./snippets.js";

const WAYS = [
  ["Google Calendar", "On a computer: Other calendars, plus sign, From URL. Google looks every few hours, and rings by its own default reminder."],
  ["Apple Calendar", "File, New Calendar Subscription. On an iPhone: Calendars, Add Calendar, Add Subscription Calendar. Leave Remove Alerts off."],
  ["Thunderbird", "New Calendar, On the Network, then paste the address; no user name."],
];

/** The secret address of the calendar feed: made, shown once, closed; and how calendars subscribe to it. */
export function calendarSection({ call, warn }) {
  const state = h("p", { class: "hint", role: "status" });
  const fresh = h("div", { role: "status" });
  const buttons = h("div", { class: "form-line" });

  async function load() {
    const { exists, created_at: since } = await call("get_calendar");
    state.textContent = exists ? `There is an address since ${momentText(since)}.` : "There is no address yet.";
    buttons.replaceChildren(
      actionButton(exists ? "Make a new address" : "Make an address", make, warn),
      ...(exists ? [actionButton("Close the address", close, warn)] : []),
    );
  }

  async function make() {
    const { secret } = await call("make_calendar");
    const address = `${baseAddress()}calendar/${secret}.ics`;
    fresh.replaceChildren(
      h("p", { class: "once" }, "Copy it now: it is not shown again. Whoever knows it can read what is due."),
      copyable(address, "Address of the calendar"),
      h("a", { class: "link", href: address.replace(/^https?:/, "webcal:") }, "Open it in this device's calendar"),
    );
    await load();
  }

  async function close() {
    await call("delete_calendar");
    fresh.replaceChildren();
    await load();
  }

  load().catch(warn);
  return section(
    "Calendar",
    "What is open and due, in any calendar that subscribes to it, with your reminders as alarms. Making a new address closes the one before.",
    state,
    fresh,
    buttons,
    h("dl", { class: "ways" }, ...WAYS.flatMap(([name, how]) => [h("dt", {}, name), h("dd", {}, how)])),
  );
}
