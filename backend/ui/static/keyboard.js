import { freshId, h, iconButton } from "./dom.js";

const SHORTCUTS = [
  ["n or q", "Add a todo"],
  ["/", "Search"],
  ["j and k", "Next and previous todo"],
  ["x or Space", "Tick, or take the tick back"],
  ["e or Enter", "Edit"],
  ["r", "Rename"],
  ["s", "Select"],
  ["Delete", "Move to the trash"],
  ["Alt + ↑ and ↓", "Move the todo up and down"],
  ["Ctrl + Z", "Undo"],
  ["Ctrl + Shift + Z", "Redo"],
  ["?", "Show this list"],
];
const WRITING = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";

/**
 * The page from the keyboard. Keys count while nobody writes and no dialog is in the way.
 * @param root where rows are
 * @param actions {add, search, undo, redo, open, rename, tick, remove, select, shift}, the last six with a todo
 * @param {(id: string) => object|null} todoOf
 */
export function createKeyboard(root, actions, todoOf) {
  const help = createHelp();
  const plain = {
    n: actions.add,
    q: actions.add,
    "/": actions.search,
    "?": help.open,
    j: () => step(1),
    k: () => step(-1),
  };
  const onTodo = {
    x: (todo) => actions.tick(todo, !todo.completed),
    " ": (todo) => actions.tick(todo, !todo.completed),
    e: actions.open,
    Enter: actions.open,
    r: actions.rename,
    s: actions.select,
    Delete: actions.remove,
  };

  function rowInFocus() {
    return document.activeElement?.closest?.(".row") ?? null;
  }

  function step(direction) {
    const rows = [...root.querySelectorAll(".row")];
    const here = rows.indexOf(rowInFocus());
    const next = rows[here < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, here + direction))];
    next?.querySelector(".tick:not([hidden]) input, .row-actions button:not([hidden])")?.focus();
    next?.scrollIntoView({ block: "nearest" });
  }

  function press(event) {
    if (event.isComposing || event.defaultPrevented || event.target.closest?.(WRITING)) return;
    if (document.querySelector("dialog:modal")) return;
    const isCommand = event.ctrlKey || event.metaKey;
    if (isCommand && event.key.toLowerCase() === "z") return run(event, event.shiftKey ? actions.redo : actions.undo);
    const row = event.target.closest?.(".row");
    const todo = row && todoOf(row.dataset.id);
    if (event.altKey && todo && ["ArrowUp", "ArrowDown"].includes(event.key)) {
      return run(event, () => actions.shift(todo, event.key === "ArrowUp" ? -1 : 1));
    }
    if (isCommand || event.altKey) return undefined;
    if (plain[event.key]) return run(event, plain[event.key]);
    const isButton = event.target.closest("button, a") && ["Enter", " "].includes(event.key); // it has its own meaning
    if (todo && onTodo[event.key] && !isButton && !todo.deleted_at) return run(event, () => onTodo[event.key](todo));
    return undefined;
  }

  function run(event, work) {
    event.preventDefault();
    work();
  }

  document.addEventListener("keydown", press);
  return {
    element: help.element,
    help: help.open,
    close() {
      document.removeEventListener("keydown", press);
      help.close();
    },
  };
}

function createHelp() {
  const heading = h("h2", { class: "dialog-heading", id: freshId("help") }, "Keyboard");
  const rows = SHORTCUTS.map(([keys, text]) => h("div", { class: "help-row" }, h("dt", {}, h("kbd", {}, keys)), h("dd", {}, text)));
  const element = h(
    "dialog",
    { class: "dialog help", "aria-labelledby": heading.id },
    h(
      "div",
      { class: "help-body" },
      h("header", { class: "dialog-head" }, heading, iconButton("close", "Close", () => element.close())),
      h("dl", { class: "help-list" }, ...rows),
    ),
  );
  return {
    element,
    open: () => element.open || element.showModal(),
    close: () => element.open && element.close(),
  };
}
