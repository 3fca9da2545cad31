import { h } from "./dom.js";
import { focusRow } from "./row.js";
import { createSheet } from "./sheet.js";

const SHORTCUTS = [
  ["n or q", "Add a todo"],
  ["/", "Search"],
  ["j and k", "Next and previous todo"],
  ["x or Space", "Tick, or take the tick back"],
  ["e or Enter", "Edit"],
  ["r", "Rename"],
  ["s", "Select; then also x and Space"],
  ["Ctrl + A", "Select all, once one is"],
  ["Esc", "Select no more"],
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
 * @param actions {add, search, undo, redo} and, with a todo, {open, rename, tick, remove, shift, mayChange, mayOnlyLook}
 * @param selection while it is on, what ticks and deletes a todo is meant for the selection
 * @param {(id: string) => object|null} todoOf
 */
export function createKeyboard(root, actions, selection, todoOf) {
  const help = createHelp();
  const toggleTick = ifAllowed((todo) => actions.tick(todo, !todo.completed));
  const plain = {
    n: actions.add,
    q: actions.add,
    "/": actions.search,
    "?": help.open,
    j: () => step(1),
    k: () => step(-1),
    s: selectFirst,
  };
  const whileSelecting = {
    x: selection.toggle,
    " ": selection.toggle,
    Delete: selection.remove,
  };
  const onTodo = {
    x: toggleTick,
    " ": toggleTick,
    e: actions.open,
    Enter: actions.open,
    r: ifAllowed(actions.rename),
    s: selection.toggle,
    Delete: ifAllowed(actions.remove),
  };

  /** Where one may only look at a todo, it is said so, and nothing that the server would refuse is begun. */
  function ifAllowed(work) {
    return (todo) => (actions.mayChange(todo) ? work(todo) : actions.mayOnlyLook(todo));
  }

  function rowInFocus() {
    return document.activeElement?.closest?.(".row") ?? null;
  }

  function step(direction) {
    const rows = [...root.querySelectorAll(".row")];
    const here = rows.indexOf(rowInFocus());
    const next = rows[here < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, here + direction))];
    if (!next) return;
    focusRow(next);
    next.scrollIntoView({ block: "nearest" });
  }

  function selectFirst() {
    const row = root.checkVisibility() && (root.querySelector(".row:not(.is-fixed)") ?? root.querySelector(".row"));
    const todo = row && todoOf(row.dataset.id);
    if (!todo) return;
    focusRow(row);
    selection.toggle(todo);
  }

  function shift(todo, direction) {
    ifAllowed(() => actions.shift(todo, direction))(todo);
  }

  function press(event) {
    if (event.isComposing || event.defaultPrevented || event.target.closest?.(WRITING)) return;
    if (document.querySelector("dialog:modal")) return;
    const isCommand = event.ctrlKey || event.metaKey;
    if (isCommand && event.key.toLowerCase() === "z") return run(event, event.shiftKey ? actions.redo : actions.undo);
    if (isCommand && event.key.toLowerCase() === "a" && selection.isOn()) return run(event, selection.chooseAll);
    if (event.key === "Escape" && selection.isOn()) return run(event, selection.clear);
    const row = event.target.closest?.(".row");
    const todo = row && todoOf(row.dataset.id);
    if (event.altKey && todo && !todo.deleted_at && ["ArrowUp", "ArrowDown"].includes(event.key)) {
      return run(event, () => shift(todo, event.key === "ArrowUp" ? -1 : 1));
    }
    if (isCommand || event.altKey) return undefined;
    const isButton = event.target.closest("button, a") && ["Enter", " "].includes(event.key); // it has its own meaning
    const work = { ...onTodo, ...(selection.isOn() ? whileSelecting : {}) }[event.key];
    if (todo && work && !isButton && !todo.deleted_at) return run(event, () => work(todo));
    if (plain[event.key]) return run(event, plain[event.key]);
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
  const rows = SHORTCUTS.map(([keys, text]) => h("div", { class: "help-row" }, h("dt", {}, h("kbd", {}, keys)), h("dd", {}, text)));
  return createSheet("help", "Keyboard", h("dl", { class: "help-list" }, ...rows));
}
