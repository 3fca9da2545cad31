import { h, icon, show } from "./dom.js";
import { focusRow } from "./row.js";
import { folded } from "./rules.js";

/**
 * Several todos at once: which ones are chosen, and the bar that completes, moves, tags or deletes them. What one may
 * only look at is never among them.
 * @param root the rows are in it; while something is chosen, each shows a box to choose it
 * @param {{together: Function, mayOnlyLook: Function}} actions
 */
export function createSelection(root, store, overview, prompt, actions) {
  const chosen = new Set();
  let isOn = false;
  const count = h("p", { class: "selection-count", role: "status" });
  const target = h("select", { "aria-label": "Move to list", on: { change: move } });
  const element = h(
    "div",
    { class: "selection-bar", role: "toolbar", "aria-label": "Selected todos", hidden: true },
    count,
    barAction("All", "select", chooseAll),
    barAction("Complete", "check", () => together("complete", () => ({ completed: true }), "done")),
    h("div", { class: "button is-quiet bar-action bar-choice" }, icon("list"), h("span", { "aria-hidden": "true" }, "Move"), target),
    barAction("Tag", "tag", tag),
    barAction("Delete", "trash", remove),
    barAction("Cancel", "close", clear),
  );

  function barAction(label, picture, onClick) {
    return h("button", { type: "button", class: "button is-quiet bar-action", on: { click: onClick } }, icon(picture), label);
  }

  function canBeChosen(todo) {
    return !todo.deleted_at && overview.mayChange(todo);
  }

  /** Every todo that the list shows; what is not loaded yet is not meant. */
  function chooseAll() {
    for (const todo of store.todos()) if (canBeChosen(todo)) chosen.add(todo.id);
    draw();
  }

  function together(action, patchOf, words) {
    const todos = [...chosen].map(store.get).filter(Boolean);
    clear();
    if (!todos.length) return;
    actions.together(todos, action, patchOf, words);
  }

  function remove() {
    together("delete", () => ({ deleted_at: new Date().toISOString() }), "moved to the trash");
  }

  function move() {
    const listId = target.value === "inbox" ? null : target.value;
    const name = target.selectedOptions[0].textContent;
    if (target.value) together("update", () => ({ list_id: listId, parent_id: null }), `moved to ${name}`);
  }

  function tag() {
    prompt.ask("Tag the selected todos", "Tag", "Add", "", (name) => {
      const plain = name.replace(/^#/, "");
      const tagsOf = ({ tags }) => (tags.some((tag) => folded(tag) === folded(plain)) ? tags : [...tags, plain]);
      together("update", (todo) => ({ tags: tagsOf(todo) }), `tagged ${plain}`);
    });
  }

  function draw() {
    count.textContent = `${chosen.size} selected`;
    target.replaceChildren(
      h("option", { value: "" }, "Move to…"),
      h("option", { value: "inbox" }, "Inbox"),
      ...overview.listsToFill().map((one) => h("option", { value: one.id }, one.name)),
    );
    target.value = "";
    const focused = document.activeElement;
    show(element, isOn);
    root.classList.toggle("is-choosing", isOn);
    if (root.contains(focused) && !focused.checkVisibility()) focusRow(focused.closest(".row")); // other boxes show now
    element.parentElement?.classList.toggle("has-selection", isOn); // the toasts make room
    for (const row of root.querySelectorAll(".row")) {
      const isChosen = chosen.has(row.dataset.id);
      row.classList.toggle("is-chosen", isChosen);
      row.querySelector(".row-choose").checked = isChosen;
    }
  }

  function toggle(todo) {
    if (!overview.mayChange(todo)) return actions.mayOnlyLook(todo);
    if (todo.deleted_at) return undefined;
    if (!chosen.delete(todo.id)) chosen.add(todo.id);
    isOn = chosen.size > 0;
    return draw();
  }

  /** Show the boxes, with nothing chosen yet: where there is no key to do it. */
  function begin() {
    isOn = true;
    draw();
  }

  function clear() {
    const isFromKeyboard = element.contains(document.activeElement) && document.activeElement.matches(":focus-visible");
    const row = root.querySelector(".row.is-chosen");
    chosen.clear();
    isOn = false;
    draw();
    if (isFromKeyboard && row) focusRow(row); // the bar goes, and the focus would go with it
  }

  store.onChange(() => {
    if (!isOn) return;
    for (const id of chosen) if (!store.get(id) || !canBeChosen(store.get(id))) chosen.delete(id);
    draw();
  });
  return { element, toggle, begin, clear, chooseAll, remove, isOn: () => isOn };
}
