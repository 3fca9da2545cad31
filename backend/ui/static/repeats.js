import { h } from "./dom.js";

const CHOICES = [
  ["", "Never"],
  ["FREQ=DAILY", "Every day"],
  ["FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "Every weekday"],
  ["FREQ=WEEKLY", "Every week"],
  ["FREQ=WEEKLY;INTERVAL=2", "Every 2 weeks"],
  ["FREQ=MONTHLY", "Every month"],
  ["FREQ=YEARLY", "Every year"],
];
const UNITS = { DAILY: "day", WEEKLY: "week", MONTHLY: "month", YEARLY: "year" };
const DAYS = { MO: "Monday", TU: "Tuesday", WE: "Wednesday", TH: "Thursday", FR: "Friday", SA: "Saturday", SU: "Sunday" };

/** What a rule means, where that is short to say. The server takes rules, and knows far more of them. */
export function repeatText(rule) {
  const known = CHOICES.find(([value]) => value === rule);
  if (known) return known[1];
  const { FREQ, INTERVAL = "1", BYDAY, BYMONTHDAY, ...rest } = Object.fromEntries(rule.split(";").map((part) => part.split("=")));
  const days = (BYDAY ?? "").split(",").filter(Boolean);
  const isPlain = Object.keys(rest).length === 0 && FREQ in UNITS && days.every((day) => day in DAYS);
  if (!isPlain) return "By its own rule";
  const every = INTERVAL === "1" ? `Every ${UNITS[FREQ]}` : `Every ${INTERVAL} ${UNITS[FREQ]}s`;
  const on = [days.map((day) => DAYS[day]).join(", "), BYMONTHDAY && `day ${BYMONTHDAY.replaceAll("-1", "last")}`];
  if (FREQ === "WEEKLY" && INTERVAL === "1" && days.length) return `Every ${on[0]}`;
  return [every, ...on.filter(Boolean)].join(" on ");
}

/** A choice of the common rules, and of the one that a todo has. */
export function createRepeatChoice() {
  const element = h("select", {});
  return {
    element,
    read: () => element.value || null,
    write(rule) {
      const own = rule && !CHOICES.some(([value]) => value === rule) ? [[rule, repeatText(rule)]] : [];
      element.replaceChildren(...[...CHOICES, ...own].map(([value, text]) => h("option", { value }, text)));
      element.value = rule ?? "";
    },
  };
}
