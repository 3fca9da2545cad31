import { dueText, isOverdue, longDueText, momentText } from "./dates.js";
import { freshId, h, icon, iconButton, isTouch, show } from "./dom.js";

const PRIORITY_TEXT = { low: "Low", medium: "Medium", high: "High" };
const NOTE_CHARACTERS = 200; // a row shows one line of it

/**
 * One todo in the list. The element is made once and painted again when its todo changes, so that focus and pointer stay
 * where they are.
 * @param timezone the account's
 * @param actions {tick, rename, open, remove, restore, filterTag}, each called with the todo first
 */
export function createRow(timezone, actions, titleMax) {
  let todo = null;
  let rename = null;

  const title = h("button", { type: "button", class: "row-title", id: freshId("title"), dir: "auto" });
  const tick = h("input", { type: "checkbox", "aria-labelledby": title.id });
  const tickLabel = h("label", { class: "tick" }, tick, h("span", { class: "tick-box" }, icon("check")));
  const note = h("p", { class: "row-note", dir: "auto" });
  const meta = h("div", { class: "row-meta" });
  const line = h("div", { class: "row-line" }, title);
  const edit = iconButton("edit", "Edit", () => actions.open(todo));
  const remove = iconButton("trash", "Delete", () => actions.remove(todo));
  const restore = h(
    "button",
    { type: "button", class: "button is-quiet", on: { click: () => actions.restore(todo) } },
    icon("restore"),
    "Restore",
  );
  const choose = h("input", { type: "checkbox", class: "row-choose", on: { change: () => actions.select(todo) } });
  const element = h(
    "li",
    { class: "row" },
    h("span", { class: "row-grip", "aria-hidden": "true" }, icon("grip")),
    choose,
    tickLabel,
    h("div", { class: "row-body" }, line, note, meta),
    h("div", { class: "row-actions" }, edit, remove, restore),
  );

  tick.addEventListener("change", () => actions.tick(todo, tick.checked));
  title.addEventListener("click", () => (isTouch() || todo.deleted_at ? actions.open(todo) : startRename()));
  element.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey) return actions.select(todo);
    const isControl = event.target.closest("button, label, input, .row-grip");
    if (!isControl && !window.getSelection().toString() && !todo.deleted_at) actions.open(todo);
    return undefined;
  });

  function startRename() {
    rename = h("input", { type: "text", class: "row-rename", value: todo.title, maxlength: String(titleMax), dir: "auto" });
    rename.setAttribute("aria-label", "Title");
    rename.addEventListener("keydown", (event) => {
      if (event.isComposing || !["Enter", "Escape"].includes(event.key)) return;
      event.preventDefault(); // the title gets the focus back, and Enter would press it at once
      endRename(event.key === "Enter");
    });
    rename.addEventListener("blur", () => endRename(true));
    title.replaceWith(rename);
    rename.focus();
    rename.select();
  }

  function endRename(isKept) {
    if (!rename) return; // taking the field out of the page makes it lose the focus once more
    const field = rename;
    const hadFocus = document.activeElement === field;
    rename = null;
    field.replaceWith(title);
    if (hadFocus) title.focus();
    if (isKept && field.value.trim() !== todo.title) actions.rename(todo, field.value.trim());
  }

  /** Show the todo as it is. */
  function paint(next) {
    todo = next;
    element.dataset.id = todo.id;
    element.dataset.priority = todo.priority;
    element.classList.toggle("is-done", todo.completed);
    tick.checked = todo.completed;
    title.textContent = todo.title;
    title.title = isTouch() || todo.deleted_at ? "" : "Rename";
    note.textContent = todo.description.slice(0, NOTE_CHARACTERS);
    show(note, todo.description.trim() !== "");
    meta.replaceChildren(...chips());
    for (const [button, verb] of [[edit, "Edit"], [remove, "Delete"], [restore, "Restore"]]) {
      button.setAttribute("aria-label", `${verb} ${todo.title}`);
    }
    choose.setAttribute("aria-label", `Select ${todo.title}`);
    const isDeleted = Boolean(todo.deleted_at);
    for (const control of [tickLabel, edit, remove]) show(control, !isDeleted);
    show(restore, isDeleted);
    title.disabled = isDeleted;
  }

  function chips() {
    const found = [dueChip(), repeatChip(), partsChip(), priorityChip(), listChip(), ...todo.tags.map(tagChip)];
    if (todo.deleted_at) found.push(h("span", { class: "chip" }, `Deleted ${momentText(todo.deleted_at)}`));
    return found.filter(Boolean);
  }

  function dueChip() {
    if (!todo.due_date) return null;
    const isLate = isOverdue(todo, timezone);
    return h(
      "span",
      { class: isLate ? "chip is-late" : "chip", title: longDueText(todo) },
      icon("calendar"),
      isLate && h("span", { class: "visually-hidden" }, "Overdue: "),
      dueText(todo, timezone),
    );
  }

  function repeatChip() {
    return todo.recurrence && h("span", { class: "chip", title: "Repeats" }, icon("repeat"), h("span", { class: "visually-hidden" }, "Repeats"));
  }

  function partsChip() {
    const count = todo.parts_open + todo.parts_done;
    if (!count) return null;
    const meter = h("span", { class: "parts-meter", "aria-hidden": "true" });
    meter.style.setProperty("--done", todo.parts_done / count);
    return h("span", { class: "chip", title: "Subtasks" }, meter, `${todo.parts_done} of ${count}`);
  }

  function listChip() {
    const name = actions.listName(todo.list_id);
    return name && h("span", { class: "chip" }, icon("list"), h("bdi", {}, name));
  }

  function priorityChip() {
    const text = PRIORITY_TEXT[todo.priority];
    if (todo.priority === "medium") return h("span", { class: "visually-hidden" }, `Priority ${text}`);
    return h(
      "span",
      { class: "chip", data: { priority: todo.priority } },
      icon("flag"),
      h("span", { class: "visually-hidden" }, "Priority "),
      text,
    );
  }

  function tagChip(tag) {
    if (todo.deleted_at) return h("span", { class: "tag" }, h("bdi", {}, tag));
    return h(
      "button",
      { type: "button", class: "tag", title: "Show only this tag", on: { click: () => actions.filterTag(tag) } },
      h("bdi", {}, tag),
    );
  }

  return { element, paint, rename: startRename, todo: () => todo };
}
