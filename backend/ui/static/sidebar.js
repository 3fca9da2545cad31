import { freshId, h, icon, iconButton, show } from "./dom.js";
import { addressOf, pageOf } from "./views.js";

const VIEWS = [
  ["inbox", "Inbox", "inbox"],
  ["today", "Today", "star"],
  ["upcoming", "Upcoming", "calendar"],
  ["overdue", "Overdue", "clock"],
  ["all", "All", "list"],
  ["done", "Done", "check"],
  ["trash", "Trash", "trash"],
];
const PAGES = [
  ["stats", "Statistics", "chart"],
  ["exchange", "Import and export", "exchange"],
  ["account", "Account", "person"],
  ["api", "API", "code"],
];

/**
 * The way to everywhere, with how many open todos wait there. On a phone it is a drawer.
 * @param views where one is
 * @param overview what there is to count, as `createOverview` holds it
 * @param {{addList: Function}} actions
 */
export function createSidebar(views, overview, actions) {
  const fixed = new Map();
  let opener = null; // what the drawer was opened with
  const pages = PAGES.filter(([view]) => pageOf(view));
  const lists = group("Lists", iconButton("plus", "New list", actions.addList));
  const tags = group("Tags");
  const filters = group("Filters");
  const nav = h(
    "nav",
    { class: "side-nav", "aria-label": "Views" },
    h("ul", { class: "side-list" }, ...VIEWS.map(fixedItem)),
    lists.element,
    filters.element,
    tags.element,
    pages.length > 0 && h("ul", { class: "side-list side-pages" }, ...pages.map(fixedItem)),
  );
  const element = h(
    "aside",
    { class: "side", id: freshId("side"), "aria-label": "Sidebar" },
    h("p", { class: "brand" }, h("span", { class: "brand-mark" }, icon("check")), h("span", {}, "Todos")),
    nav,
  );

  function fixedItem([view, label, picture]) {
    const item = createItem({ view }, label, icon(picture));
    fixed.set(view, item);
    return item.element;
  }

  /** A link, so that it can be opened in a new tab; an ordinary click changes the view in this one. */
  function createItem(place, label, picture) {
    const count = h("span", { class: "side-count" });
    const link = h(
      "a",
      { class: "side-link", href: addressOf(place), data: { to: place.view }, on: { click: follow } },
      picture,
      h("bdi", { class: "side-name", dir: "auto" }, label),
      count,
    );
    function follow(event) {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
      event.preventDefault();
      open(false);
      views.open(place);
    }
    return { element: h("li", {}, link), link, place, count: (value) => (count.textContent = value ? value.toLocaleString() : "") };
  }

  function group(title, button = null) {
    const list = h("ul", { class: "side-list" });
    const items = [];
    const head = h("div", { class: "side-head" }, h("h2", {}, title), button);
    const groupElement = h("div", { class: "side-group" }, head, list);
    return {
      element: groupElement,
      items,
      fill(made) {
        items.splice(0, items.length, ...made);
        list.replaceChildren(...made.map((item) => item.element));
        show(groupElement, made.length > 0 || button);
      },
    };
  }

  function counted(place, label, picture, count) {
    const item = createItem(place, label, picture);
    item.count(count);
    return item;
  }

  function sync() {
    const known = overview.current();
    fixed.get("inbox").count(known.inbox);
    fixed.get("today").count(known.due_today);
    fixed.get("upcoming").count(known.upcoming);
    fixed.get("overdue").count(known.overdue);
    const focused = element.contains(document.activeElement) ? document.activeElement.href : null;
    lists.fill(known.lists.map((one) => counted({ view: "list", id: one.id }, one.name, dot(one.color), one.open_count)));
    filters.fill(known.filters.map((one) => counted({ view: "filter", id: one.id }, one.name, icon("options"), 0)));
    tags.fill(known.tags.filter((tag) => tag.open_count > 0).map((tag) => counted({ view: "tag", name: tag.name }, tag.name, icon("tag"), tag.open_count)));
    if (focused) [...element.querySelectorAll("a")].find((link) => link.href === focused)?.focus();
    mark();
  }

  function mark() {
    const here = views.current();
    for (const { link, place } of [...fixed.values(), ...lists.items, ...filters.items, ...tags.items]) {
      const isHere = place.view === here.view && (place.id ?? "") === here.id && (place.name ?? "") === here.name;
      if (isHere) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }

  /** On a phone: show or hide the drawer. */
  function open(isOpen) {
    element.classList.toggle("is-open", isOpen);
    if (isOpen) {
      opener = document.activeElement;
      nav.querySelector("a").focus();
    } else if (element.contains(document.activeElement)) {
      opener?.focus();
    }
  }

  element.addEventListener("keydown", (event) => event.key === "Escape" && open(false));
  overview.onChange(sync);
  views.onChange(mark);
  sync();
  return { element, open, isOpen: () => element.classList.contains("is-open") };
}

function dot(color) {
  const element = h("span", { class: "side-dot", "aria-hidden": "true" });
  if (color) element.style.setProperty("--dot", color);
  return element;
}
