import { dueText } from "./dates.js";
import { quoted } from "./dom.js";

/**
 * What people do with todos. Each change shows at once, is told with a way to take it back, and is gone again when the
 * server refuses it.
 * @param past notes changes, so that they can be undone
 */
export function createActions(store, past, toasts, warn, timezone) {
  /** A todo that repeats comes again: say when. */
  function nextText(answer, todo) {
    const next = answer.todos.find((one) => one.id !== todo.id && one.series_id === todo.series_id && !one.completed);
    return next?.due_date ? ["Done: ", quoted(todo.title), `. It comes again: ${dueText(next, timezone)}.`] : null;
  }

  /** Behind which todo of the list; null is the start. */
  function place(todo, after) {
    const position = after ? `${after.position}!` : ""; // just behind it, until the server answers the true one
    past.note(store.move(todo.id, { position }, { after_id: after?.id ?? null }), "Moved.");
  }

  return {
    place,
    tick(todo, isDone) {
      const change = store.tick(todo.id, isDone);
      past.note(change, [isDone ? "Done: " : "Open again: ", quoted(todo.title)], (answer) =>
        isDone && answer.todos[0]?.series_id ? nextText(answer, answer.todos[0]) : null,
      );
    },
    rename(todo, title) {
      if (title) past.note(store.update(todo.id, { title }), "Renamed.");
      else toasts.warn("A todo needs a title; the old one was kept.");
    },
    remove: (todo) => past.note(store.remove(todo.id), "Moved to the trash."),
    restore: (todo) => past.note(store.restore(todo.id), "Restored."),

    /**
     * The same for many todos, as one step.
     * @param {(todo: object) => object} patchOf what becomes other: how it looks meanwhile, and what an update sends
     */
    together(todos, action, patchOf, words) {
      const items = todos.map((todo) => {
        const patch = patchOf(todo);
        return { id: todo.id, action, data: action === "update" ? patch : {}, patch };
      });
      const text = (count) => `${count.toLocaleString()} ${count === 1 ? "todo" : "todos"} ${words}.`;
      past.note(store.changeMany(items), text(items.length), ({ done, refusal }) => {
        if (refusal) warn(refusal);
        return refusal && text(done);
      });
    },

    /** One place up or down in the list. */
    shift(todo, direction) {
      const todos = store.todos();
      const index = todos.findIndex(({ id }) => id === todo.id);
      if (!todos[index + direction]) return;
      place(todo, (direction < 0 ? todos[index - 2] : todos[index + 1]) ?? null);
    },
  };
}
