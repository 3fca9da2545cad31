import { dueText, isOverdue, longDueText, momentText } from "./dates.js";
import { freshId, h, icon, iconButton, isTouch, show } from "./dom.js";
import { repeatText } from "./repeats.js";

const PRIORITY_TEXT = { low: "Low", medium: "Medium", high: "High" };
const NOTE_CHARACTERS = 200; // a row shows one line of it

/** Give the focus to what of a row can have it now: the box to choose it, to tick it, or its first button that works. */
export function focusRow(element) {
  [...element.querySelectorAll(".row-choose:enabled, .tick input:enabled, .row-title:enabled, .row-actions button")].find((one) => one.checkVisibility())?.focus();
}

/**
 * One todo in the list. The element is made once and painted again when its todo changes, so that focus and pointer stay
 * where they are.
 * @param timezone the account's
 * @param actions {tick, rename, open, remove, restore, filterTag, mayChange}, each called with the todo first
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
  title.addEventListener("click", (event) => {
    if (meansSelecting(event)) return; // the row takes it
    if (isTouch() || !actions.mayChange(todo)) actions.open(todo);
    else startRename();
  });
  element.addEventListener("click", (event) => {
    if (event.target === choose) return undefined;
    if (meansSelecting(event)) return actions.select(todo);
    const isControl = event.target.closest("button, label, input, .row-grip");
    if (!isControl && !window.getSelection().toString() && !todo.deleted_at) actions.open(todo);
    return undefined;
  });

  function meansSelecting(event) {
    return event.ctrlKey || event.metaKey || Boolean(element.closest(".is-choosing"));
  }

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
    const isDeleted = Boolean(todo.deleted_at);
    const isFixed = isDeleted || !actions.mayChange(todo);
    element.dataset.id = todo.id;
    element.dataset.priority = todo.priority;
    element.classList.toggle("is-done", todo.completed);
    element.classList.toggle("is-fixed", isFixed);
    tick.checked = todo.completed;
    title.textContent = todo.title;
    title.title = isTouch() || isFixed ? "" : "Rename";
    note.textContent = todo.description.slice(0, NOTE_CHARACTERS);
    show(note, todo.description.trim() !== "");
    meta.replaceChildren(...chips());
    for (const [button, verb] of [[edit, "Edit"], [remove, "Delete"], [restore, "Restore"]]) {
      button.setAttribute("aria-label", `${verb} ${todo.title}`);
    }
    choose.setAttribute("aria-label", `Select ${todo.title}`);
    show(tickLabel, !isDeleted);
    for (const box of [tick, choose]) box.disabled = isFixed;
    for (const control of [edit, remove]) show(control, !isFixed);
    show(restore, isDeleted && actions.mayChange(todo));
    title.disabled = isDeleted;
  }

  function chips() {
    const found = [dueChip(), repeatChip(), remindChip(), partsChip(), priorityChip(), listChip(), ...todo.tags.map(tagChip)];
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
    return todo.recurrence && h("span", { class: "chip", title: "Repeats" }, icon("repeat"), repeatText(todo.recurrence));
  }

  function remindChip() {
    if (!todo.remind_at || todo.completed) return null;
    const text = `Reminder ${momentText(todo.remind_at)}`;
    return h("span", { class: "chip", title: text }, icon("bell"), h("span", { class: "visually-hidden" }, text));
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

  /** What stands above the row: the day that begins with it. */
  function group(text) {
    if (text) element.dataset.group = text;
    else delete element.dataset.group;
  }

  return { element, paint, group, rename: startRename, todo: () => todo };
}
