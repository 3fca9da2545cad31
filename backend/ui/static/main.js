/* global element, server, props, trigger -- Gradio runs this with the component's element, its server functions and its props */
import { linkedInvite } from "./address.js";
import { createBoard } from "./board.js";
import { createCalls } from "./calls.js";
import { h } from "./dom.js";
import { createErrands } from "./errands.js";
import { followFrame } from "./frame.js";
import { createNotices } from "./notices.js";
import { registerPages } from "./pages.js";
import { createReset, forgetResetToken, resetToken } from "./reset.js";
import { createSession } from "./session.js";
import { createSignIn } from "./signin.js";
import { createStorage } from "./storage.js";
import { createToasts } from "./toasts.js";

/** Decides what the page is: a form to log in, or the list of whoever is logged in. */
function start(root, limits) {
  const call = createCalls(server);
  const storage = createStorage();
  const session = createSession(storage, call);
  const send = createErrands(trigger, session.token);
  const toasts = createToasts();
  let board = null;
  let ended = null; // {userId, draft}: the board of a login that ended while something was being typed

  function draw(view) {
    root.replaceChildren(view, toasts.element);
    root.removeAttribute("aria-busy");
  }

  function leave(note = "") {
    board?.close();
    board = null;
    toasts.clear();
    const notices = createNotices();
    draw(createSignIn(session, call, enterByHand, limits.password, { note, notices: notices.element }).element);
    told().then(notices.show);
  }

  /** What must be known of the storage; that it cannot be asked is no reason to show no page. */
  async function told(ask = call) {
    try {
      return (await ask("notices", {})).notices;
    } catch {
      return [];
    }
  }

  /** Somebody opened a one-time link. It counts even where an account is logged in: perhaps it is another one. */
  function reset() {
    board?.close();
    board = null;
    const form = createReset(
      call,
      resetToken(),
      (note) => {
        forgetResetToken();
        if (note || !session.isOpen()) leave(note);
        else enter();
      },
      limits.password,
    );
    draw(form.element);
    form.focus();
  }

  async function enter() {
    try {
      // Both at once: the notices stand above the list, which should not move when they come.
      // The feed is followed from before the list was read: nothing falls in between.
      const [account, notices, { cursor }] = await Promise.all([
        session.call("whoami"),
        told(session.call),
        session.call("feed_cursor"),
      ]);
      board?.close();
      const feed = { token: session.token, cursor };
      const tools = { send, storage, limits, reenter: enter, leave: endHere };
      board = createBoard(account, guarded(account), toasts, limits, logOut, notices, feed, tools);
      if (ended?.userId === account.id) board.restore(ended.draft());
      ended = null;
      draw(board.element);
      await board.open();
    } catch (refusal) {
      if (refusal.code === "not_authenticated") leave("Your login has ended. Please log in again.");
      else draw(createFailure(refusal, enter));
    }
  }

  /** Who has just logged in wants to write; after a reload the page leaves the focus alone. */
  async function enterByHand() {
    await enter();
    board?.focus();
  }

  /** Calls in the account's name; when the login has ended, the page to log in comes up. */
  function guarded(account) {
    return async (name, envelope) => {
      try {
        return await session.call(name, envelope);
      } catch (refusal) {
        if (refusal.code === "not_authenticated" && board) {
          ended = { userId: account.id, draft: board.draft };
          leave("Your login has ended. Please log in again.");
        }
        throw refusal;
      }
    };
  }

  /** The server has ended this login, as it was asked to. */
  function endHere(note) {
    session.forget();
    leave(note);
  }

  async function logOut() {
    try {
      await session.logOut();
      leave();
    } catch (refusal) {
      leave(refusal.code === "not_authenticated" ? "" : `Logged out in this browser only. ${refusal.detail}`);
    }
  }

  function boot() {
    if (resetToken()) reset();
    else if (session.isOpen()) enter();
    else leave(linkedInvite() ? "Log in, or create an account, to join the list that is shared with you." : "");
  }

  registerPages();
  session.onChange(boot);
  window.addEventListener("hashchange", () => resetToken() && reset()); // a link opened in a tab that is here already
  followFrame(root);
  boot();
}

function createFailure(refusal, retry) {
  return h(
    "div",
    { class: "sign-in" },
    h(
      "div",
      { class: "card sign-in-card", role: "alert" },
      h("h1", {}, "The page could not be loaded"),
      h("p", {}, refusal.detail ?? "Something went wrong."),
      h("button", { type: "button", class: "button is-primary", on: { click: retry } }, "Try again"),
    ),
  );
}

start(element.querySelector(".todos"), props.limits);
