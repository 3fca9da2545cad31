import { freshId, h, show } from "./dom.js";
import { field } from "./forms.js";
import { createRepeatChoice } from "./repeats.js";

/**
 * The fields that only the dialog has: the list, the repeating, the reminder.
 * @param overview knows the lists, as soon as it is loaded
 * @param {() => void} onRepeat called when a todo is to repeat, which needs a day to begin with
 */
export function createSchedule(overview, onRepeat) {
  const list = h("select", {});
  const repeat = createRepeatChoice();
  const remind = h("input", { type: "datetime-local", id: freshId("remind"), max: "9999-12-30T23:59" });
  const listField = field("list_id", "List", list);
  let base = null;

  repeat.element.addEventListener("change", () => repeat.read() && onRepeat());

  function fillLists(chosen) {
    const lists = overview.listsToFill();
    const isMissing = chosen && !lists.some(({ id }) => id === chosen);
    list.replaceChildren(
      h("option", { value: "" }, "Inbox"),
      ...lists.map(({ id, name }) => h("option", { value: id }, name)),
      ...(isMissing ? [h("option", { value: chosen }, overview.list(chosen)?.name ?? "Another list")] : []),
    );
    list.value = chosen ?? "";
  }

  overview.onChange(() => base && document.activeElement !== list && fillLists(list.value));

  return {
    /** The list, and what stands under the due. */
    list: listField,
    times: [field("recurrence", "Repeat", repeat.element), field("remind_at", "Remind me", remind)],

    write(todo) {
      base = todo;
      fillLists(todo.list_id);
      show(listField, !todo.parent_id); // a part stands where the whole does
      repeat.write(todo.recurrence);
      remind.value = localMinute(todo.remind_at);
    },

    /** The fields as the server takes them. */
    read: () => ({
      list_id: list.value || null,
      recurrence: repeat.read(),
      // What was not touched stays to the second.
      remind_at: remind.value === localMinute(base.remind_at) ? base.remind_at : instantOf(remind.value),
    }),
  };
}

/** An instant as the clock of this browser shows it, in the words of its own field. */
function localMinute(instant) {
  if (!instant) return "";
  const date = new Date(instant);
  const wall = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return wall.toISOString().slice(0, 16);
}

function instantOf(text) {
  return text ? new Date(text).toISOString() : null;
}
