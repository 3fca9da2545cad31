import { createDetails } from "./details.js";
import { today } from "./dates.js";
import { freshId, h, icon, iconButton, show } from "./dom.js";
import { clearFaults, field, formAlert, showFaults } from "./forms.js";
import { newId } from "./ids.js";
import { createReading } from "./reading.js";

const EXAMPLE_PIXELS = 470;
const NOTHING_CHOSEN = { priority: "medium", due_date: null, due_time: null, due_timezone: null, tags: [] };

/**
 * The line at the top: words and Enter; the server reads dates, tags and more out of them. Due, priority and tags can be
 * chosen too, in a part that opens; what is chosen counts before what the words say.
 * @param {(body: object, preview: object) => Promise<void>} add throws the Refusal, with the body that was sent
 */
export function createQuickAdd(account, call, store, add, titleMax) {
  const title = h("input", {
    type: "text",
    class: "quick-title",
    maxlength: String(titleMax),
    autocomplete: "off",
    enterkeyhint: "done",
    dir: "auto",
  });
  const reading = createReading(call, (text) => {
    title.value = text;
    title.focus();
    reading.follow(text);
  });
  const details = createDetails(account, store.knownTags, { hasZone: false });
  const panel = h("div", { id: freshId("quick-details"), class: "quick-details" }, details.element);
  const toggle = iconButton("options", "Due date, priority and tags", () => open(panel.hidden), {
    "aria-expanded": "false",
    "aria-controls": panel.id,
  });
  letPlaceholderFit(title);
  let unsent = null; // what was sent and never answered: sent again unchanged, it keeps its id

  title.addEventListener("input", () => reading.follow(title.value.trim()));

  function open(isOpen) {
    show(panel, isOpen);
    form.classList.toggle("is-begun", isOpen);
    toggle.setAttribute("aria-expanded", String(isOpen));
  }

  function reset() {
    title.value = "";
    reading.clear();
    details.write(NOTHING_CHOSEN);
  }

  /** Only what differs from a fresh panel: the rest is left to the words. */
  function chosen() {
    const isSet = ([name, value]) => JSON.stringify(value) !== JSON.stringify(NOTHING_CHOSEN[name]);
    return Object.fromEntries(Object.entries(details.read()).filter(isSet));
  }

  async function submit(event) {
    event.preventDefault();
    clearFaults(form);
    const body = { text: title.value.trim(), usual: usualAt(store.state().place, account.timezone), chosen: chosen() };
    if (!body.text) {
      showFaults(form, { errors: [{ field: "title", message: "Write what there is to do." }] });
      return;
    }
    const isSame = unsent && JSON.stringify({ ...unsent, id: "" }) === JSON.stringify({ ...body, id: "" });
    body.id = isSame ? unsent.id : newId();
    const preview = { ...body.usual, ...reading.preview(body.text), ...body.chosen };
    unsent = null;
    reset();
    title.focus();
    try {
      await add(body, preview);
    } catch (refusal) {
      takeBack(refusal);
    }
  }

  /** Give back what was typed, unless something else has been typed since. */
  function takeBack(refusal) {
    if (!refusal.draft) throw refusal;
    const body = refusal.draft;
    if (refusal.code === "unreachable") unsent = body;
    if (title.value) return;
    title.value = body.text;
    reading.follow(body.text);
    details.write({ ...NOTHING_CHOSEN, ...body.chosen });
    if (Object.keys(body.chosen).length) open(true);
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
    reading.element,
    formAlert(),
    panel,
  );
  open(false);
  return { element: form, focus: () => title.focus(), draft: () => title.value, restore: (text) => (title.value = text) };
}

/** The example shows where there is room for all of it. */
function letPlaceholderFit(input) {
  new ResizeObserver(([{ contentRect }]) => {
    input.placeholder = contentRect.width < EXAMPLE_PIXELS ? "Add a todo" : "Add a todo, such as: Pay rent tomorrow 9am #home !high";
  }).observe(input);
}

/** What a todo that is written in a view usually has, so that it shows there. */
function usualAt({ view, id, name, saved }, timezone) {
  if (view === "list") return { list_id: id };
  if (view === "tag") return { tags: [name] };
  if (view === "today") return { due_date: today(timezone) };
  if (view === "filter" && saved.list_id && saved.list_id !== "inbox") return { list_id: saved.list_id };
  return {};
}
