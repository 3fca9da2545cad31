import { h, show } from "./dom.js";
import { actionButton } from "./section.js";

/**
 * What an empty inbox says to who has just come: how to begin, and where the data is.
 * @param {() => Promise} onAdded there are examples now
 */
export function createWelcome(account, call, warn, onAdded) {
  const place = h("p", { class: "welcome-place" });
  const addExamples = async () => {
    await call("add_examples");
    await onAdded();
  };
  const element = h(
    "div",
    { class: "welcome", hidden: true },
    h("h2", {}, "Welcome, ", h("bdi", {}, account.username)),
    h("p", {}, "Write your first todo above, as you would say it: Pay rent every 1st 9am #home !high"),
    actionButton("Show me with three examples", addExamples, warn, { class: "button is-primary" }),
    place,
  );

  async function ask() {
    const told = await call("welcome");
    place.textContent = `${told.place} ${told.fate}`;
    show(element, told.is_new);
    element.parentElement?.classList.toggle("is-welcome", told.is_new);
  }

  return {
    /** Show it at the end of a place, where the account is new. */
    showIn(host) {
      if (!element.isConnected) ask().catch(() => {}); // without it the page is whole
      host.append(element);
    },
  };
}
