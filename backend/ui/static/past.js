/**
 * What was done here, so that it can be taken back: a change is an operation of the server's log, and undoing is an
 * operation again. What the log cannot take back brings its own way: `reverse`, which answers a change again. Changes
 * are noted while they are still under way; taking back waits for them.
 * @param store takes the todos that come back
 * @param say shows a toast, with an action
 * @param {() => void} onChange called when something has changed
 */
export function createPast(call, store, say, warn, onChange) {
  const done = [];
  const undone = [];

  /** Take one back. What takes that back in turn is noted at once: whoever is fast need not wait for the server. */
  async function takeBack(change, other) {
    const again = reversed(change);
    other.push(again);
    try {
      const { operation_id: operationId, reverse, conflicts = [] } = await again;
      if (!operationId && !reverse) forget(other, again);
      onChange();
      if (conflicts.length) say(`Not all of it could be taken back: ${conflicts[0].reason}`);
      return conflicts.length === 0;
    } catch (refusal) {
      forget(other, again);
      warn(refusal);
      return false;
    }
  }

  /** What somebody else has changed since stays, and is told. */
  async function reversed(change) {
    const { operation_id: operationId, reverse } = await change;
    if (reverse) return reverse();
    const answer = await call("undo", { body: { operation_id: operationId } });
    store.take(answer.todos);
    return answer;
  }

  function forget(changes, change) {
    const index = changes.indexOf(change);
    if (index >= 0) changes.splice(index, 1);
  }

  async function undoOne(change) {
    forget(done, change);
    if (await takeBack(change, undone)) say("Undone.", { label: "Redo", run: redo });
  }

  function undo() {
    if (done.length) undoOne(done.at(-1));
    else say("There is nothing to undo here.");
  }

  async function redo() {
    const change = undone.pop();
    if (!change) say("There is nothing to redo here.");
    else if (await takeBack(change, done)) say("Done again.", { label: "Undo", run: undo });
  }

  return {
    undo,
    redo,
    /**
     * Note a change and say it, with a button to take it back; where it is refused, the toast goes.
     * @param {((answer: object) => string|null)|null} later what else to say once the server has answered
     * @param {{isRefusalTold: boolean}} options whether somebody else tells a refusal
     */
    note(change, text, later = null, { isRefusalTold = false } = {}) {
      done.push(change);
      undone.length = 0;
      const toast = say(text, { label: "Undo", run: () => undoOne(change) });
      change.then(
        (answer) => {
          const more = later?.(answer);
          if (more) toast.write(more);
          onChange();
        },
        (refusal) => {
          forget(done, change);
          toast.close();
          if (!isRefusalTold) warn(refusal);
        },
      );
      return toast;
    },
  };
}
