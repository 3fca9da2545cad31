import { h, icon } from "./dom.js";
import { isLooking } from "./looking.js";

/**
 * What a thumb reaches on a phone: the way to the drawer and the views of every day, and adding.
 * @param {{menu: Function, search: Function, add: Function}} actions
 */
export function createBottomBar(views, overview, actions) {
  const places = ["inbox", "today"].map((view) => {
    const label = view === "inbox" ? "Inbox" : "Today";
    const button = barButton(view === "inbox" ? "inbox" : "star", label, () => views.open({ view }));
    button.dataset.goes = view;
    return button;
  });
  const add = barButton("plus", "New", actions.add);
  const element = h(
    "div",
    { class: "bottom-bar", role: "group", "aria-label": "Shortcuts" },
    barButton("menu", "Menu", actions.menu),
    ...places,
    barButton("search", "Find", actions.search),
    add,
  );

  function mark() {
    for (const button of places) button.classList.toggle("is-here", button.dataset.goes === views.current().view);
    add.disabled = isLooking(views.current(), overview); // it keeps its place, or the others would move under the thumb
  }

  views.onChange(mark);
  overview.onChange(mark);
  mark();
  return { element };
}

function barButton(picture, label, onClick) {
  return h("button", { type: "button", class: "bar-button", on: { click: onClick } }, icon(picture), h("span", {}, label));
}
