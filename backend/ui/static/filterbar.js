import { freshId, h, icon, show } from "./dom.js";
import { isLooking } from "./looking.js";
import { sortOf } from "./queries.js";
import { isNarrowed, SORTS } from "./rules.js";

const SEARCH_PAUSE_MILLISECONDS = 180;
/** Views that ask for a due already. */
const DATED_VIEWS = ["today", "upcoming", "overdue"];
const DUES = [
  ["", "Any due date"],
  ["overdue", "Overdue"],
  ["today", "Today"],
  ["tomorrow", "Tomorrow"],
  ["week", "Next 7 days"],
  ["none", "No due date"],
];
const PRIORITY_CHOICES = [
  ["", "Any priority"],
  ["high", "High"],
  ["medium", "Medium"],
  ["low", "Low"],
];

/**
 * Narrows what the view shows: words and filters, which combine; and its order.
 * @param {{saveFilter: Function, clearFilters: Function, select: Function}} actions
 */
export function createFilterBar(store, views, overview, actions) {
  const apply = views.narrow;
  const search = createSearch(apply);
  const due = choice("Due", DUES, (value) => apply({ due: value }));
  const priority = choice("Priority", PRIORITY_CHOICES, (value) => apply({ priority: value }));
  const tag = choice("Tag", [["", "Any tag"]], (value) => apply({ tag: value }));
  const sort = choice("Order", SORTS.map(({ value, label }) => [value, label]), (value) => apply({ sort: value }));
  const clear = h("button", { type: "button", class: "button is-quiet", on: { click: actions.clearFilters } }, "Clear filters");
  const save = h("button", { type: "button", class: "button is-quiet", on: { click: actions.saveFilter } }, "Save filter");
  const select = h("button", { type: "button", class: "button is-quiet", on: { click: actions.select } }, "Select");
  const panel = h("div", { class: "filters", id: freshId("filters") }, due, priority, tag, clear, save, h("div", { class: "filter-ends" }, sort, select));
  const toggle = h(
    "button",
    { type: "button", class: "icon-button filter-toggle", "aria-controls": panel.id, on: { click: togglePanel } },
    icon("options"),
  );
  const element = h("section", { class: "filter-bar", "aria-label": "Filters" }, panel);
  const searchLine = h("div", { class: "search-line" }, search.element, toggle);
  setOpen(false);

  function togglePanel() {
    setOpen(!panel.classList.contains("is-open"));
  }

  /** On a phone the filters stand behind a button; where there is room they are always there. */
  function setOpen(isOpen) {
    panel.classList.toggle("is-open", isOpen);
    toggle.setAttribute("aria-expanded", String(isOpen));
    toggle.setAttribute("aria-label", "Filters and order");
    toggle.title = "Filters and order";
  }

  function sync() {
    const { place } = store.state();
    const known = [...new Set([...store.knownTags(), place.tag].filter(Boolean))];
    fill(tag.querySelector("select"), [["", "Any tag"], ...known.map((name) => [name, name])]);
    search.write(place.search);
    for (const [control, value] of [[due, place.due], [priority, place.priority], [tag, place.tag], [sort, sortOf(place)]]) {
      control.querySelector("select").value = value;
      control.classList.toggle("is-set", Boolean(value) && control !== sort);
    }
    show(clear, isNarrowed(place));
    show(save, isNarrowed(place));
    show(due, !DATED_VIEWS.includes(place.view));
    show(sort, place.view !== "trash");
    show(select, place.view !== "trash" && !isLooking(place, overview));
    toggle.classList.toggle("is-set", Boolean(place.due || place.priority || place.tag));
  }

  store.onChange(sync);
  sync();
  return { element, search: searchLine, focus: search.focus };
}

function createSearch(apply) {
  const input = h("input", {
    type: "search",
    id: freshId("search"),
    placeholder: "Search",
    autocomplete: "off",
    enterkeyhint: "search",
    maxlength: "200",
  });
  let timer;
  let shown = "";
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => apply({ search: input.value.trim() }), SEARCH_PAUSE_MILLISECONDS);
  });
  const element = h(
    "div",
    { class: "search", role: "search" },
    h("label", { for: input.id, class: "visually-hidden" }, "Search"),
    icon("search"),
    input,
  );
  return {
    element,
    focus: () => input.focus(),
    /** Follow the filter, without touching what is being typed. */
    write: (text) => {
      if (text === shown) return;
      shown = text;
      if (document.activeElement !== input || !text) input.value = text;
    },
  };
}

function choice(label, options, onChoose) {
  const select = h("select", { id: freshId("choice"), on: { change: () => onChoose(select.value) } });
  fill(select, options);
  return h("div", { class: "choice" }, h("label", { for: select.id, class: "visually-hidden" }, label), select);
}

/** Replace the options only where they differ: an open menu must not close under the pointer. */
function fill(select, options) {
  const isSame =
    select.options.length === options.length && options.every(([value], index) => select.options[index].value === value);
  if (!isSame) select.replaceChildren(...options.map(([value, text]) => h("option", { value }, text)));
}
