/**
 * Rows in an order of one's own: dragged by their grip, with mouse or finger.
 * @param items the list of rows
 * @param {(id: string, afterId: string|null) => void} onDrop
 */
export function letDrag(items, onDrop) {
  let dragged = null;
  let after = null; // the row behind which it would go; null is the start

  function rowAt(y) {
    return [...items.children].find((row) => {
      const box = row.getBoundingClientRect();
      return y >= box.top && y < box.bottom;
    });
  }

  function mark() {
    for (const row of items.children) row.classList.remove("drops-after", "drops-before");
    if (!dragged) return;
    if (after) after.classList.add("drops-after");
    else items.firstElementChild.classList.add("drops-before");
  }

  function end(isKept) {
    if (!dragged) return;
    const id = dragged.dataset.id;
    const isMoved = after !== dragged && after !== dragged.previousElementSibling;
    dragged.classList.remove("is-dragged");
    dragged = null;
    mark();
    if (isKept && isMoved) onDrop(id, after?.dataset.id ?? null);
  }

  items.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest(".row-grip");
    if (!grip || event.button) return;
    event.preventDefault(); // no text is marked while one drags
    dragged = grip.closest(".row");
    after = dragged.previousElementSibling;
    dragged.classList.add("is-dragged");
    items.setPointerCapture(event.pointerId);
  });
  items.addEventListener("pointermove", (event) => {
    if (!dragged) return;
    const row = rowAt(event.clientY);
    if (!row) return;
    const box = row.getBoundingClientRect();
    after = event.clientY > box.top + box.height / 2 ? row : row.previousElementSibling;
    mark();
  });
  items.addEventListener("pointerup", () => end(true));
  items.addEventListener("pointercancel", () => end(false));
}
