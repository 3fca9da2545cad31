import { freshId, h, iconButton } from "./dom.js";
import { folded } from "./rules.js";

/**
 * Tags as chips. Enter or a comma adds what was typed, Backspace in the empty field takes the last one away.
 * @param {() => string[]} knownTags what to suggest
 */
export function createTagField(knownTags) {
  const listId = freshId("known-tags");
  const suggestions = h("datalist", { id: listId });
  const input = h("input", {
    type: "text",
    id: freshId("tags"),
    class: "tag-input",
    list: listId,
    autocomplete: "off",
    placeholder: "Add a tag",
    enterkeyhint: "done",
  });
  const chips = h("span", { class: "tag-chips" });
  const element = h("div", { class: "tag-field" }, chips, input, suggestions);
  let tags = [];

  function draw() {
    chips.replaceChildren(
      ...tags.map((tag) =>
        h("span", { class: "tag" }, h("bdi", {}, tag), iconButton("close", `Remove tag ${tag}`, () => remove(tag))),
      ),
    );
  }

  function remove(tag) {
    tags = tags.filter((other) => other !== tag);
    draw();
    input.focus();
  }

  /** What was typed and not yet made a chip counts too: nobody should lose a tag by not pressing Enter. */
  function take() {
    for (const tag of input.value.split(",").map((text) => text.trim().replace(/^#/, ""))) {
      if (tag && !tags.some((other) => folded(other) === folded(tag))) tags = [...tags, tag];
    }
    input.value = "";
    draw();
  }

  input.addEventListener("focus", () => {
    suggestions.replaceChildren(...knownTags().map((tag) => h("option", { value: tag })));
  });
  input.addEventListener("input", () => {
    if (input.value.includes(",")) take();
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && input.value.trim() && !event.isComposing) {
      event.preventDefault(); // Enter in the empty field submits the form
      take();
    } else if (event.key === "Backspace" && !input.value && tags.length) {
      remove(tags.at(-1));
    }
  });
  input.addEventListener("blur", take);

  return {
    element,
    input,
    read: () => {
      take();
      return tags;
    },
    write: (values) => {
      tags = [...values];
      input.value = "";
      draw();
    },
  };
}
