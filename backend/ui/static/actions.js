import { dueText } from "./dates.js";

/**
 * What people do with todos. Each change shows at once, is told with a way to take it back, and is gone again when the
 * server refuses it.
 * @param past notes changes, so that they can be undone
 */
export function createActions(store, past, toasts, timezone) {
  /** A todo that repeats comes again: say when. */
  function nextText(answer, todo) {
    const next = answer.todos.find((one) => one.id !== todo.id && one.series_id === todo.series_id && !one.completed);
    return next?.due_date ? `Done. It comes again: ${dueText(next, timezone)}.` : null;
  }

  return {
    tick(todo, isDone) {
      const change = store.tick(todo.id, isDone);
      past.note(change, isDone ? "Done." : "Open again.", (answer) =>
        isDone && answer.todos[0]?.series_id ? nextText(answer, answer.todos[0]) : null,
      );
    },
    rename(todo, title) {
      if (title) past.note(store.update(todo.id, { title }), "Renamed.");
      else toasts.warn("A todo needs a title; the old one was kept.");
    },
    remove: (todo) => past.note(store.remove(todo.id), "Moved to the trash."),
    restore: (todo) => past.note(store.restore(todo.id), "Restored."),

    /** The same for many todos, as one operation. `patch` is what shows meanwhile. */
    together(todos, action, data, text) {
      const operations = todos.map(({ id }) => ({ action, id, data }));
      past.note(store.batch(operations), text);
    },

    /** Put a todo behind another one; behind null is the start. */
    place(todo, after, position) {
      past.note(store.move(todo.id, { position }, { after_id: after?.id ?? null }), "Moved.");
    },
  };
}
