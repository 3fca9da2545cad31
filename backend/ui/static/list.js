import { groupText } from "./dates.js";
import { h, icon, show } from "./dom.js";
import { letDrag } from "./drag.js";
import { isLooking } from "./looking.js";
import { sortOf } from "./queries.js";
import { isNarrowed } from "./rules.js";
import { createRow, focusRow } from "./row.js";

const EMPTY = {
  inbox: ["Nothing left to do", "Enjoy it, or write down the next thing above and press Enter."],
  today: ["Nothing due today", "A calm day, or look at what is coming up."],
  upcoming: ["Nothing coming up", "What has a later date appears here."],
  overdue: ["Nothing is late", "You are up to date."],
  all: ["No todos yet", "Write your first one above and press Enter."],
  done: ["Nothing done yet", "What you tick appears here."],
  trash: ["The trash is empty", "What you delete waits here and can be restored."],
  filter: ["No todo matches", "When one does, it appears here."],
};
const NOTHING_TO_SEE = ["Nothing left to do", "What others add to this list appears here."];
const NONE_FOUND = ["No todo matches", "Try other words, or take the filters off."];

/**
 * The list as it is in the store. Rows are kept by id; long lists load page by page as they scroll into view.
 * @param actions the row's, and {clearFilters, focusAdd, welcome}
 */
export function createList(store, overview, timezone, actions, titleMax) {
  const rows = new Map();
  const items = h("ul", { class: "rows", "aria-label": "Todos" });
  const empty = h("div", { class: "empty" });
  const count = h("p", { class: "count", role: "status" });
  const failure = h("div", { class: "empty" });
  const more = h("button", { type: "button", class: "button is-quiet more", on: { click: loadMore } }, "Show more");
  const element = h("section", { class: "list", "aria-label": "List" }, items, empty, failure, more);

  // Well before the end is in sight, so that scrolling never waits.
  const watcher = new IntersectionObserver((seen) => seen.some((entry) => entry.isIntersecting) && loadMore(), {
    rootMargin: "1200px",
  });
  watcher.observe(more);

  async function loadMore() {
    try {
      if (!(await store.loadMore())) return;
      watcher.unobserve(more); // it tells of changes only; watched anew, it tells when the end is still near
      watcher.observe(more);
    } catch (refusal) {
      actions.warn(refusal); // and the button stays, to try again
    }
  }

  function sync() {
    const { place, total, status, refusal, hasMore } = store.state();
    if (status !== "loading") arrange(store.todos(), sortOf(place).startsWith("due_date:") && place.view !== "today"); // until the new list is there, the old one stays: no flicker
    items.classList.toggle("is-stale", status === "loading");
    items.classList.toggle("is-ordered", sortOf(place) === "position:asc");
    const isEmpty = status === "ready" && total === 0;
    show(empty, isEmpty);
    if (isEmpty) drawEmpty(place);
    show(failure, status === "failed");
    if (status === "failed") drawFailure(refusal);
    show(more, hasMore && status !== "failed");
    if (status !== "loading") count.textContent = status === "failed" ? "" : countText(total, place);
  }

  function arrange(todos, isByDay) {
    const wanted = new Set(todos.map(({ id }) => id));
    const focused = focusedIndex();
    const holder = document.activeElement;
    for (const [id, row] of rows) {
      if (wanted.has(id)) continue;
      row.element.remove();
      rows.delete(id);
    }
    let next = items.firstChild;
    let before = "";
    for (const todo of todos) {
      const row = rows.get(todo.id) ?? made(todo.id);
      if (row.todo() !== todo) row.paint(todo);
      if (row.element === next) next = next.nextSibling;
      else items.insertBefore(row.element, next);
      const group = isByDay ? groupText(todo, timezone) : "";
      row.group(group === before ? "" : group);
      before = group;
    }
    if (focused < 0 || items.contains(document.activeElement)) return;
    if (items.contains(holder)) holder.focus({ preventScroll: true }); // its row was moved, which takes the focus away
    else focusNear(focused);
  }

  function made(id) {
    const row = createRow(timezone, actions, titleMax);
    rows.set(id, row);
    return row;
  }

  function focusedIndex() {
    const row = document.activeElement?.closest?.(".row");
    return row && items.contains(row) ? [...items.children].indexOf(row) : -1;
  }

  /** The row that had the focus is gone: its place goes to the row that followed, so that the keyboard stays useful. */
  function focusNear(index) {
    const row = items.children[Math.min(index, items.children.length - 1)];
    if (row) focusRow(row);
    else actions.focusAdd();
  }

  function drawEmpty(here) {
    const [head, body] = isNarrowed(here) ? NONE_FOUND : isLooking(here, overview) ? NOTHING_TO_SEE : EMPTY[here.view] ?? EMPTY.inbox;
    const clear = h("button", { type: "button", class: "button", on: { click: actions.clearFilters } }, "Clear filters");
    empty.classList.remove("is-welcome");
    empty.replaceChildren(
      h("span", { class: "empty-icon" }, icon(isNarrowed(here) ? "search" : here.view === "trash" ? "trash" : "check")),
      h("h2", {}, head),
      h("p", {}, body),
      ...(isNarrowed(here) ? [clear] : []),
    );
    if (here.view === "inbox" && !isNarrowed(here)) actions.welcome.showIn(empty);
  }

  function drawFailure(refusal) {
    failure.replaceChildren(
      h("h2", {}, "The list could not be loaded"),
      h("p", {}, refusal.detail ?? "Something went wrong."),
      h("button", { type: "button", class: "button", on: { click: store.load } }, "Try again"),
    );
  }

  letDrag(items, (id, afterId) => actions.place(store.get(id), afterId && store.get(afterId)));
  store.onChange(sync);
  return {
    element,
    count,
    rename: (todo) => rows.get(todo.id)?.rename(),
    /** What rows show beside their todo is another now: the name of its list, or what one may do there. */
    repaint: () => rows.forEach((row) => row.paint(row.todo())),
  };
}

function countText(total, { view, saved }) {
  if (!total) return "";
  const what = { all: "", done: "done", trash: "in the trash", filter: saved?.completed === false ? "open" : "" }[view] ?? "open";
  return `${total.toLocaleString()} ${[total === 1 ? "todo" : "todos", what].filter(Boolean).join(" ")}`;
}
