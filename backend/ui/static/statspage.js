import { borrow } from "./borrowed.js";
import { h } from "./dom.js";
import { field } from "./forms.js";

const PERIODS = [
  ["7", "7 days"],
  ["30", "30 days"],
  ["90", "90 days"],
  ["366", "A year"],
];

/** How one gets on with one's todos: the numbers in words, and Gradio's plots under them. */
export const statsPage = {
  title: "Statistics",

  draw(host, { send, warn }) {
    const numbers = h("dl", { class: "numbers", "aria-live": "polite" });
    const figures = h("div", { class: "figures is-stale" });
    const period = h("select", { on: { change: load } }, ...PERIODS.map(([days, label]) => h("option", { value: days }, label)));
    period.value = "30";
    const element = h("div", { class: "stats" }, field("days", "The last", period), numbers, figures);
    host.append(element);
    borrow("stats-figures", figures);
    load();

    async function load() {
      const days = Number(period.value);
      figures.classList.add("is-stale");
      try {
        const found = await send("draw_stats", { days });
        if (!element.isConnected || days !== Number(period.value)) return;
        numbers.replaceChildren(...tellings(found).map(numberOf));
        figures.classList.remove("is-stale");
      } catch (refusal) {
        warn(refusal);
      }
    }
  },
};

function tellings(found) {
  return [
    ["Open", found.open],
    ["Overdue", found.overdue],
    ["Done", found.done],
    ["Days in a row", found.current_streak],
    ["Longest row", found.longest_streak],
  ];
}

function numberOf([label, value]) {
  return h("div", { class: "card number" }, h("dt", {}, label), h("dd", {}, value.toLocaleString()));
}
