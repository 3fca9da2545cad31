const PRESS_MILLISECONDS = 350;
const TREMBLE_PIXELS = 8;
const EDGE_PIXELS = 80; // near the edge of the window the page scrolls along
const SCROLL_PIXELS = 9; // for each frame

/**
 * Rows in an order of one's own: dragged by their grip, or with a finger by the whole row, once it was pressed for a
 * moment; a finger that moves before that scrolls, as always.
 * @param items the list of rows; it can be dragged in while it has the class `is-ordered`
 * @param {(id: string, afterId: string|null) => void} onDrop
 */
export function letDrag(items, onDrop) {
  let pressed = null; // {row, x, y, pointerId, timer}: a finger that may become a drag
  let dragged = null;
  let wasLifted = false; // since the pointer came down
  let after = null; // the row behind which it would go; null is the start
  let height = 0; // where in the window the pointer is

  function rowAt(y) {
    const box = items.getBoundingClientRect();
    const row = document.elementFromPoint(box.left + box.width / 2, y)?.closest?.(".row");
    return row && items.contains(row) ? row : null;
  }

  function mark() {
    for (const row of items.querySelectorAll(".drops-after, .drops-before")) row.classList.remove("drops-after", "drops-before");
    if (!dragged) return;
    if (after) after.classList.add("drops-after");
    else items.firstElementChild.classList.add("drops-before");
  }

  function lift(row, pointerId) {
    dragged = row;
    wasLifted = true;
    after = row.previousElementSibling;
    row.classList.add("is-dragged");
    items.classList.add("is-dragging");
    items.setPointerCapture(pointerId);
    requestAnimationFrame(scrollAlong);
  }

  function follow(y) {
    height = y;
    const row = rowAt(y);
    if (!row) return;
    const box = row.getBoundingClientRect();
    after = y > box.top + box.height / 2 ? row : row.previousElementSibling;
    mark();
  }

  function scrollAlong() {
    if (!dragged) return;
    const direction = height < EDGE_PIXELS ? -1 : height > window.innerHeight - EDGE_PIXELS ? 1 : 0;
    if (direction && height) {
      window.scrollBy(0, direction * SCROLL_PIXELS);
      follow(height);
    }
    requestAnimationFrame(scrollAlong);
  }

  function end(isKept) {
    forgetPress();
    if (!dragged) return;
    const id = dragged.dataset.id;
    const isMoved = after !== dragged && after !== dragged.previousElementSibling;
    dragged.classList.remove("is-dragged");
    items.classList.remove("is-dragging");
    dragged = null;
    height = 0;
    mark();
    if (isKept && isMoved) onDrop(id, after?.dataset.id ?? null);
  }

  function forgetPress() {
    clearTimeout(pressed?.timer);
    pressed = null;
  }

  function press(row, { clientX: x, clientY: y, pointerId }) {
    const timer = setTimeout(() => {
      pressed = null;
      lift(row, pointerId);
      navigator.vibrate?.(10);
    }, PRESS_MILLISECONDS);
    pressed = { x, y, timer };
  }

  items.addEventListener("pointerdown", (event) => {
    const row = event.target.closest(".row:not(.is-fixed)");
    wasLifted = false;
    if (!row || event.button || !event.isPrimary || !items.classList.contains("is-ordered")) return;
    if (event.target.closest(".row-grip")) {
      event.preventDefault(); // no text is marked while one drags
      lift(row, event.pointerId);
    } else if (event.pointerType === "touch" && !items.closest(".is-choosing")) {
      press(row, event);
    }
  });
  items.addEventListener("pointermove", ({ clientX, clientY }) => {
    if (dragged) follow(clientY);
    else if (pressed && Math.hypot(clientX - pressed.x, clientY - pressed.y) > TREMBLE_PIXELS) forgetPress();
  });
  items.addEventListener("pointerup", () => end(true));
  items.addEventListener("pointercancel", () => end(false)); // the browser scrolls, or something came in between
  // The browser must neither scroll with a lifted row, nor press it when it is let go, nor open a menu over it.
  items.addEventListener("touchmove", (event) => dragged && event.preventDefault(), { passive: false });
  items.addEventListener("touchend", (event) => wasLifted && event.preventDefault(), { passive: false });
  items.addEventListener("contextmenu", (event) => (dragged || pressed) && event.preventDefault());
}
