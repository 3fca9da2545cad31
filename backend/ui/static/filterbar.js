import { freshId, h, icon, show } from "./dom.js";
import { isNarrowed, SORTS } from "./rules.js";

const SEARCH_PAUSE_MILLISECONDS = 180;
const VIEWS = [
  ["open", "Open"],
  ["all", "All"],
  ["done", "Done"],
  ["trash", "Trash"],
];
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

/** Which part of the list is shown: the view, words, filters and the order. They combine. */
export function createFilterBar(store, apply) {
  const views = VIEWS.map(([view, label]) => {
    const change = () => apply({ view });
    return h("button", { type: "button", class: "view", data: { view }, on: { click: change } }, label);
  });
  const search = createSearch(apply);
  const due = choice("Due", DUES, (value) => apply({ due: value }));
  const priority = choice("Priority", PRIORITY_CHOICES, (value) => apply({ priority: value }));
  const tag = choice("Tag", [["", "Any tag"]], (value) => apply({ tag: value }));
  const sort = choice("Order", SORTS.map(({ value, label }) => [value, label]), (value) => apply({ sort: value }));
  const clear = h("button", { type: "button", class: "button is-quiet", on: { click: clearFilters } }, "Clear filters");
  const panel = h("div", { class: "filters", id: freshId("filters") }, due, priority, tag, clear, sort);
  const toggle = h(
    "button",
    { type: "button", class: "icon-button filter-toggle", "aria-controls": panel.id, on: { click: togglePanel } },
    icon("options"),
  );
  const element = h(
    "section",
    { class: "filter-bar", "aria-label": "View and filters" },
    h("nav", { class: "views", "aria-label": "Views" }, ...views),
    h("div", { class: "search-line" }, search.element, toggle),
    panel,
  );
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

  function clearFilters() {
    apply({ search: "", due: "", priority: "", tag: "" });
  }

  function sync() {
    const { filter } = store.state();
    for (const view of views) {
      if (view.dataset.view === filter.view) view.setAttribute("aria-current", "page");
      else view.removeAttribute("aria-current");
    }
    const known = [...new Set([...store.knownTags(), filter.tag].filter(Boolean))];
    fill(tag.querySelector("select"), [["", "Any tag"], ...known.map((name) => [name, name])]);
    search.write(filter.search);
    for (const [control, value] of [[due, filter.due], [priority, filter.priority], [tag, filter.tag], [sort, filter.sort]]) {
      control.querySelector("select").value = value;
      control.classList.toggle("is-set", Boolean(value) && control !== sort);
    }
    show(clear, isNarrowed(filter));
    show(sort, filter.view !== "trash");
    toggle.classList.toggle("is-set", Boolean(filter.due || filter.priority || filter.tag));
  }

  store.onChange(sync);
  sync();
  return { element, clearFilters };
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
