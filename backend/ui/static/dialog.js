import { momentText } from "./dates.js";
import { createDetails } from "./details.js";
import { freshId, h, icon, show } from "./dom.js";
import { clearFaults, field, formAlert, showFaults, submitting } from "./forms.js";
import { createSchedule } from "./schedule.js";
import { dialogHead } from "./sheet.js";
import { createSubtasks } from "./subtasks.js";

/** Where there is room, the dialog is a panel beside the list. */
const WIDE = window.matchMedia("(min-width: 1100px)");
const LABELS = {
  title: "title",
  description: "description",
  priority: "priority",
  due_date: "due date",
  due_time: "time",
  due_timezone: "time zone",
  tags: "tags",
  list_id: "list",
  recurrence: "repeat",
  remind_at: "reminder",
};

/**
 * The dialog with all fields of a todo. It sends only what was changed here; where somebody else has changed the same
 * field meanwhile, it says so and keeps what was typed.
 * @param overview knows the lists
 * @param {{save: Function, remove: Function, parts: object, discarded: Function, opened: Function, closed: Function}} hooks
 */
export function createDialog(account, store, overview, hooks, titleMax) {
  const heading = h("h2", { class: "dialog-heading", id: freshId("dialog") });
  const title = h("textarea", { rows: "1", class: "grows", maxlength: String(titleMax), enterkeyhint: "done", dir: "auto" });
  const description = h("textarea", { rows: "4", class: "grows", dir: "auto", placeholder: "Notes, links, steps" });
  const schedule = createSchedule(overview, () => details.ensureDate());
  const details = createDetails(account, store.knownTags, { hasZone: true, more: schedule.times });
  const subtasks = createSubtasks(store, hooks.parts);
  const stamps = h("p", { class: "stamps" });
  const fields = h(
    "fieldset",
    { class: "all-fields" },
    formAlert(),
    field("title", "Title", title),
    field("description", "Description", description),
    subtasks.element,
    schedule.list,
    details.element,
    stamps,
  );
  const scroller = h("div", { class: "dialog-fields" }, fields);
  const foot = h(
    "footer",
    { class: "dialog-foot" },
    h("button", { type: "button", class: "button is-quiet is-danger", on: { click: remove } }, icon("trash"), "Delete"),
    h("span", { class: "spread" }),
    h("button", { type: "button", class: "button", on: { click: cancel } }, "Cancel"),
    h("button", { type: "submit", class: "button is-primary" }, "Save"),
  );
  const form = h(
    "form",
    { novalidate: true, method: "dialog", on: { submit } },
    dialogHead(heading, cancel),
    scroller,
    foot,
  );
  const element = h("dialog", { class: "dialog", "aria-labelledby": heading.id }, form);
  let base = null;

  title.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault(); // a title is one line
    form.requestSubmit();
  });
  element.addEventListener("cancel", (event) => {
    event.preventDefault(); // Escape: the same as the button
    cancel();
  });
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || element.matches(":modal")) return; // as a panel it gets no cancel event
    event.stopPropagation();
    cancel();
  });
  element.addEventListener("pointerdown", (event) => {
    if (event.target === element) cancel(); // outside of the form, on the backdrop
  });
  overview.onChange(allow);
  element.addEventListener("close", () => {
    base = null;
    subtasks.close();
    hooks.closed();
  });

  /** Who may only look at the list sees what is there, and cannot change it. */
  function allow() {
    const mayChange = !base || overview.mayChange(base);
    heading.textContent = mayChange ? "Edit todo" : "Todo (you can only look)";
    fields.disabled = !mayChange;
    if (mayChange) scroller.removeAttribute("tabindex");
    else scroller.tabIndex = 0; // nothing in it takes the focus, and the keyboard must reach its end
    show(foot, mayChange);
  }

  function read() {
    const oneLine = title.value.replace(/\s*\n\s*/g, " ").trim();
    return { title: oneLine, description: description.value, ...details.read(), ...schedule.read() };
  }

  function write(todo) {
    title.value = todo.title;
    description.value = todo.description;
    details.write(todo);
    schedule.write(todo);
  }

  function changes() {
    return Object.fromEntries(Object.entries(read()).filter(([name, value]) => !isSame(value, base[name])));
  }

  async function submit(event) {
    event.preventDefault();
    if (!title.value.trim()) {
      showFaults(form, { errors: [{ field: "title", message: "A todo needs a title." }] });
      return;
    }
    if (await submitting(form, save)) element.close();
  }

  async function save() {
    const mine = changes();
    if (Object.keys(mine).length === 0) return;
    try {
      await hooks.save(base.id, mine, base.version);
    } catch (refusal) {
      if (refusal.code !== "version_conflict" || !refusal.current) throw refusal;
      await merge(mine, refusal.current);
    }
  }

  /** Somebody was faster. Other fields than ours: ours go on top. The same field: people decide. */
  async function merge(mine, current) {
    const contested = Object.keys(mine).filter((name) => !isSame(current[name], base[name]));
    if (contested.length === 0) {
      await hooks.save(current.id, mine, current.version);
      return;
    }
    base = current;
    write({ ...current, ...mine });
    const names = contested.map((name) => LABELS[name]).join(", ");
    const detail = `This todo was changed elsewhere meanwhile (${names}). Save again to keep what you see here.`;
    throw Object.assign(new Error(detail), { code: "contested", detail, errors: [] });
  }

  /** What was typed and not saved; null where there is none. */
  function unsaved() {
    return base && Object.keys(changes()).length > 0 ? { base, draft: read() } : null;
  }

  function cancel() {
    const typed = unsaved();
    element.close();
    if (typed) hooks.discarded(typed.base, typed.draft);
  }

  function remove() {
    const todo = base;
    element.close();
    hooks.remove(todo);
  }

  return {
    element,
    /** Open for a todo; with a draft, where somebody takes up again what they had typed. */
    open(todo, draft = null) {
      const typed = unsaved(); // of the todo that the panel showed until now
      if (typed && typed.base.id !== todo.id) hooks.discarded(typed.base, typed.draft);
      base = todo;
      clearFaults(form);
      allow();
      write(draft ?? todo);
      const changed = todo.updated_at === todo.created_at ? "" : ` · changed ${momentText(todo.updated_at)}`;
      stamps.textContent = `Created ${momentText(todo.created_at)}${changed}`;
      hooks.opened();
      if (!element.open && WIDE.matches) element.show();
      else if (!element.open) element.showModal();
      title.focus();
      subtasks.open(todo);
    },
    close: () => element.open && element.close(),
  };
}

function isSame(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}
