import { today } from "./dates.js";
import { freshId, h } from "./dom.js";
import { field } from "./forms.js";
import { PRIORITIES } from "./rules.js";
import { createTagField } from "./tagfield.js";

const WHEREVER = "";

/**
 * The fields that quick add and the dialog share: priority, due, tags.
 * @param {{timezone: string}} account
 * @param {() => string[]} knownTags
 * @param {{hasZone: boolean, more: Element[]}} options whether the zone of a due time can be chosen; further fields
 */
export function createDetails(account, knownTags, { hasZone, more = [] }) {
  const priorities = createPriorities();
  const date = h("input", { type: "date", max: "9999-12-30" });
  const time = h("input", { type: "time" });
  const zone = h("select", {});
  const tags = createTagField(knownTags);
  const tagsField = field("tags", "Tags", tags.input, { around: tags.element });
  tagsField.classList.add("tags-field");

  function sync() {
    if (time.value && !date.value) date.value = today(account.timezone); // a time alone means today
    zone.disabled = !time.value;
  }

  date.addEventListener("change", () => {
    if (!date.value) time.value = "";
    sync();
  });
  time.addEventListener("change", sync);

  const element = h(
    "div",
    { class: "details" },
    priorities.element,
    field("due_date", "Due date", date),
    field("due_time", "Time", time),
    hasZone && field("due_timezone", "Time zone", zone),
    ...more,
    tagsField,
  );

  function write(todo) {
    priorities.write(todo.priority);
    date.value = todo.due_date ?? "";
    time.value = todo.due_time ?? "";
    fillZones(zone, account.timezone, todo.due_timezone);
    tags.write(todo.tags);
    sync();
  }

  write({ priority: "medium", due_date: null, due_time: null, due_timezone: null, tags: [] });
  return {
    element,
    write,
    /** What repeats needs a day to begin with. */
    ensureDate: () => {
      date.value ||= today(account.timezone);
      sync();
    },
    /** The fields as the server takes them. */
    read: () => ({
      priority: priorities.read(),
      due_date: date.value || null,
      due_time: time.value || null,
      due_timezone: (time.value && zone.value) || null,
      tags: tags.read(),
    }),
  };
}

function createPriorities() {
  const group = freshId("priority");
  const radios = PRIORITIES.map((value) => h("input", { type: "radio", name: group, value, id: freshId(value) }));
  const element = h(
    "fieldset",
    { class: "field priorities", data: { field: "priority" } },
    h("legend", { class: "label" }, "Priority"),
    h(
      "div",
      { class: "segments" },
      ...radios.map((radio) =>
        h(
          "label",
          { class: "segment", for: radio.id, data: { priority: radio.value } },
          radio,
          h("span", {}, radio.value[0].toUpperCase() + radio.value.slice(1)),
        ),
      ),
    ),
    h("p", { class: "fault" }),
  );
  return {
    element,
    read: () => radios.find((radio) => radio.checked).value,
    write: (value) => radios.forEach((radio) => (radio.checked = radio.value === value)),
  };
}

/** Zones to fix a time in: floating first, the account's own next, then all that the browser knows. */
function fillZones(select, own, current) {
  const known = Intl.supportedValuesOf ? Intl.supportedValuesOf("timeZone") : [];
  const names = [...new Set([own, current, "UTC", ...known].filter(Boolean))];
  select.replaceChildren(
    h("option", { value: WHEREVER }, "Wherever I am"),
    ...names.map((name) => h("option", { value: name }, name.replaceAll("_", " "))),
  );
  select.value = current ?? WHEREVER;
}
