import { freshId, h, iconButton } from "./dom.js";
import { newId } from "./ids.js";

/**
 * The parts of a todo, in its detail panel. Each change counts at once.
 * @param actions {tick, remove, added, warn}
 */
export function createSubtasks(store, actions) {
  const rows = h("ul", { class: "subtask-rows" });
  const input = h("input", { type: "text", id: freshId("subtask"), placeholder: "Add a subtask", autocomplete: "off", dir: "auto", enterkeyhint: "done" });
  const element = h(
    "div",
    { class: "field subtasks" },
    h("label", { class: "label", for: input.id }, "Subtasks"),
    rows,
    input,
  );
  let parent = null;

  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault(); // Enter adds, and does not save the form
    const text = input.value.trim();
    if (!text) return;
    input.value = "";
    actions.added(store.add({ id: newId(), text, usual: {}, chosen: { parent_id: parent.id } }, { title: text, parent_id: parent.id, list_id: parent.list_id }));
    draw();
  });

  function draw() {
    if (!parent) return;
    const focused = document.activeElement?.closest?.(".subtask")?.dataset.id;
    rows.replaceChildren(...store.partsOf(parent.id).map(row));
    if (focused) rows.querySelector(`[data-id="${focused}"] input`)?.focus();
  }

  function row(todo) {
    const title = h("bdi", { id: freshId("part") }, todo.title);
    const tick = h("input", { type: "checkbox", "aria-labelledby": title.id });
    tick.checked = todo.completed;
    tick.addEventListener("change", () => actions.tick(todo, tick.checked));
    const remove = iconButton("close", `Delete ${todo.title}`, () => actions.remove(todo));
    return h("li", { class: todo.completed ? "subtask is-done" : "subtask", data: { id: todo.id } }, h("label", {}, tick, title), remove);
  }

  store.onChange(draw);
  return {
    element,
    async open(todo) {
      parent = todo;
      input.value = "";
      draw();
      await store.fetchParts(todo.id).catch(actions.warn);
    },
    close: () => (parent = null),
  };
}
