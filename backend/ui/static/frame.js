/**
 * A Space shows the page in a frame as tall as its content, and the page around it scrolls. What belongs to the edge of
 * the window (toasts, dialogs) then has to be told which part of the frame is in sight.
 */
export function followFrame(element) {
  const follow = () => window.parentIFrame.getPageInfo((info) => mark(element, info));
  if ("parentIFrame" in window) follow();
  else window.addEventListener("gradio:iframe-resizer-ready", follow, { once: true });
}

function mark(element, info) {
  const top = Math.max(0, info.scrollTop - info.offsetTop);
  const bottom = Math.min(window.innerHeight, info.scrollTop + info.clientHeight - info.offsetTop);
  element.style.setProperty("--sight-top", `${top}px`);
  element.style.setProperty("--sight-height", `${Math.max(0, bottom - top)}px`);
  element.style.setProperty("--sight-below", `${Math.max(0, window.innerHeight - bottom)}px`);
}
