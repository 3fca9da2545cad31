import { createDetails } from "./details.js";
import { freshId, h, icon, iconButton, show } from "./dom.js";
import { clearFaults, field, formAlert, showFaults } from "./forms.js";

/**
 * The line at the top: a title and Enter; due, priority and tags in a part that opens.
 * @param {(draft: object) => Promise<void>} add throws the Refusal, with the draft that was sent
 */
export function createQuickAdd(account, store, add, titleMax) {
  const title = h("input", {
    type: "text",
    class: "quick-title",
    placeholder: "Add a todo",
    maxlength: String(titleMax),
    autocomplete: "off",
    enterkeyhint: "done",
    dir: "auto",
  });
  const details = createDetails(account, store.knownTags, { hasZone: false });
  const panel = h("div", { id: freshId("quick-details"), class: "quick-details" }, details.element);
  const toggle = iconButton("options", "Due date, priority and tags", () => open(panel.hidden), {
    "aria-expanded": "false",
    "aria-controls": panel.id,
  });
  let unsent = null; // what was sent and never answered: sent again unchanged, it keeps its id

  function open(isOpen) {
    show(panel, isOpen);
    toggle.setAttribute("aria-expanded", String(isOpen));
  }

  function reset() {
    title.value = "";
    details.write({ priority: "medium", due_date: null, due_time: null, due_timezone: null, tags: [] });
  }

  async function submit(event) {
    event.preventDefault();
    clearFaults(form);
    const draft = { title: title.value.trim(), ...details.read() };
    if (!draft.title) {
      showFaults(form, { errors: [{ field: "title", message: "Write what there is to do." }] });
      return;
    }
    const isSame = unsent && JSON.stringify({ ...unsent, id: null }) === JSON.stringify({ id: null, ...draft });
    if (isSame) draft.id = unsent.id;
    unsent = null;
    reset();
    title.focus();
    try {
      await add(draft);
    } catch (refusal) {
      takeBack(refusal);
    }
  }

  /** Give back what was typed, unless something else has been typed since. */
  function takeBack(refusal) {
    if (!refusal.draft) throw refusal;
    const { id, ...draft } = refusal.draft;
    if (refusal.code === "unreachable") unsent = { id, ...draft };
    if (title.value) return;
    title.value = draft.title;
    details.write({ ...draft, due_timezone: null });
    if (draft.due_date || draft.tags.length || draft.priority !== "medium") open(true);
    showFaults(form, refusal);
  }

  const form = h(
    "form",
    { class: "card quick-add", novalidate: true, "aria-label": "Add a todo", on: { submit } },
    h(
      "div",
      { class: "quick-line" },
      icon("plus"),
      field("title", "New todo", title, { hidesLabel: true }),
      toggle,
      h("button", { type: "submit", class: "button is-primary" }, "Add"),
    ),
    formAlert(),
    panel,
  );
  open(false);
  return { element: form, focus: () => title.focus(), draft: () => title.value, restore: (text) => (title.value = text) };
}
