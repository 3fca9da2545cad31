import { alone, pause } from "./alone.js";
import { Refusal } from "./calls.js";
import { newId } from "./ids.js";

const KEY = "todos.login";
const STAMP = "todos.stamp";
const EARLY_MILLISECONDS = 30_000;
const CATCH_UP_MILLISECONDS = 3_000;

/**
 * The login of this browser. Tokens are kept in local storage and sent with each call: cookies may be blocked in a
 * Space's frame. All tabs share one login, and a refresh token is good for one use: a second use ends the whole login,
 * so refreshing happens once at a time, in one tab at a time, and the others take over what that tab got.
 */
export function createSession(storage, call) {
  let renewing = null;
  let known = read();

  /** The kept login, or null. `login_id` stays the same through its refreshes. */
  function read() {
    try {
      return JSON.parse(storage.get(KEY));
    } catch {
      return null;
    }
  }

  function write(pair, loginId) {
    known = {
      login_id: loginId,
      access_token: pair.access_token,
      refresh_token: pair.refresh_token,
      expires_at: Date.now() + pair.expires_in * 1000,
      stamp: newId(),
    };
    storage.set(KEY, JSON.stringify(known));
    storage.agreed.set(STAMP, known.stamp);
    return known;
  }

  function forget() {
    known = null;
    storage.remove(KEY);
    storage.agreed.remove(STAMP);
  }

  /** The kept login, once this tab sees the one that was written last; another tab's may become visible late. */
  async function latest(staleToken, hasWaited) {
    const deadline = Date.now() + CATCH_UP_MILLISECONDS;
    for (;;) {
      const login = read();
      const stamp = storage.agreed.get(STAMP);
      const isAwaited = hasWaited && login?.access_token === staleToken;
      const isLatest = !login || !stamp || stamp === login.stamp;
      if ((isLatest && !isAwaited) || Date.now() > deadline) return login;
      await pause(20);
    }
  }

  async function renew(staleToken) {
    renewing ??= alone(storage.agreed, (hasWaited) => exchange(staleToken, hasWaited)).finally(() => {
      renewing = null;
    });
    return renewing;
  }

  async function exchange(staleToken, hasWaited) {
    const login = await latest(staleToken, hasWaited);
    if (!login) throw new Refusal({ code: "not_authenticated", detail: "You are logged out." });
    if (login.access_token !== staleToken) return login.access_token; // another tab was faster
    try {
      const pair = await call("refresh", { body: { refresh_token: login.refresh_token } });
      return write(pair, login.login_id).access_token;
    } catch (refusal) {
      if (refusal.code === "not_authenticated") forget();
      throw refusal;
    }
  }

  /** A token that is still good for a while. */
  async function token() {
    const login = read();
    if (!login) return "";
    return login.expires_at - Date.now() > EARLY_MILLISECONDS ? login.access_token : renew(login.access_token);
  }

  async function callAsAccount(name, envelope = {}) {
    const first = await token();
    try {
      return await call(name, { ...envelope, token: first });
    } catch (refusal) {
      if (refusal.code !== "not_authenticated") throw refusal;
      return call(name, { ...envelope, token: await renew(first) });
    }
  }

  return {
    isOpen: () => read() !== null,

    /** Log out here alone: the server knows already. */
    forget,

    /** A token for what is no call: an event of Gradio's. */
    token,

    async logIn(credentials) {
      write(await call("login", { body: credentials }), newId());
    },

    /** Log out here and, where it can be reached, on the server. */
    async logOut() {
      try {
        await callAsAccount("logout");
      } finally {
        forget();
      }
    },

    /** A call in the account's name; a token that the server no longer takes is renewed once. */
    call: callAsAccount,

    /** Calls back when another tab has logged in, out, or in as somebody else; a mere refresh is no news. */
    onChange(callback) {
      storage.onChange(KEY, () => {
        const before = known?.login_id;
        known = read();
        if (known?.login_id !== before) callback();
      });
    },
  };
}
