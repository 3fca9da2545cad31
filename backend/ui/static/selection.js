import { h, show } from "./dom.js";

/**
 * Several todos at once: which ones are chosen, and the bar that completes, moves, tags or deletes them.
 * @param root the rows are in it; while something is chosen, each shows a box to choose it
 * @param {{together: Function}} actions
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
    barAction("Complete", () => together("complete", () => ({}), "done")),
    target,
    barAction("Tag", tag),
    barAction("Delete", () => together("delete", () => ({}), "moved to the trash")),
    barAction("Cancel", clear),
  );

  function barAction(label, onClick) {
    return h("button", { type: "button", class: "button is-quiet", on: { click: onClick } }, label);
  }

  function together(action, dataOf, words) {
    const todos = [...chosen].map(store.get).filter(Boolean);
    clear();
    if (!todos.length) return;
    actions.together(todos, action, dataOf, `${todos.length} ${todos.length === 1 ? "todo" : "todos"} ${words}.`);
  }

  function move() {
    const listId = target.value === "inbox" ? null : target.value;
    const name = target.selectedOptions[0].textContent;
    if (target.value) together("update", () => ({ list_id: listId, parent_id: null }), `moved to ${name}`);
  }

  function tag() {
    prompt.ask("Tag the selected todos", "Tag", "Add", "", (name) => {
      const plain = name.replace(/^#/, "");
      together("update", (todo) => ({ tags: [...todo.tags, plain] }), `tagged ${plain}`);
    });
  }

  function draw() {
    count.textContent = `${chosen.size} selected`;
    target.replaceChildren(
      h("option", { value: "" }, "Move to…"),
      h("option", { value: "inbox" }, "Inbox"),
      ...overview.current().lists.map((one) => h("option", { value: one.id }, one.name)),
    );
    target.value = "";
    show(element, isOn);
    root.classList.toggle("is-choosing", isOn);
    for (const row of root.querySelectorAll(".row")) {
      const isChosen = chosen.has(row.dataset.id);
      row.classList.toggle("is-chosen", isChosen);
      row.querySelector(".row-choose").checked = isChosen;
    }
  }

  function toggle(todo) {
    if (!chosen.delete(todo.id)) chosen.add(todo.id);
    isOn = chosen.size > 0;
    draw();
  }

  /** Show the boxes, with nothing chosen yet: where there is no key to do it. */
  function begin() {
    isOn = true;
    draw();
  }

  function clear() {
    chosen.clear();
    isOn = false;
    draw();
  }

  store.onChange(() => {
    if (!isOn) return;
    for (const id of chosen) if (!store.get(id) || store.get(id).deleted_at) chosen.delete(id);
    draw();
  });
  return { element, toggle, begin, clear };
}
