/**
 * Components of Gradio's, shown within a page of ours: the element itself is moved there, and taken out again before
 * the page goes. Gradio goes on filling it wherever it stands.
 */
const borrowed = new Map();

/** Move a component's element into a place; one that is not there yet comes as soon as Gradio has made it. */
export function borrow(id, place) {
  const element = borrowed.get(id) ?? document.getElementById(id);
  if (element) {
    borrowed.set(id, element);
    place.replaceChildren(element);
    return;
  }
  const watcher = new MutationObserver(() => {
    const made = document.getElementById(id);
    if (!made) return;
    watcher.disconnect();
    borrowed.set(id, made);
    place.replaceChildren(made);
  });
  watcher.observe(document.body, { childList: true, subtree: true });
}
