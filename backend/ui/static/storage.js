const COOKIE_ATTRIBUTES = window.isSecureContext ? "Path=/; SameSite=None; Secure; Partitioned" : "Path=/; SameSite=Lax";
const COOKIE_SECONDS = 30 * 24 * 60 * 60;

const local = {
  get: (key) => localStorage.getItem(key),
  set: (key, value) => localStorage.setItem(key, value),
  remove: (key) => localStorage.removeItem(key),
};

/**
 * A cookie that belongs to this page within this frame's site alone (CHIPS). Browsers that block third-party cookies
 * refuse local storage in a frame too (measured in Chromium), and allow this. The server reads no such cookie.
 */
const cookie = {
  get(key) {
    const start = `${key}=`;
    const found = document.cookie.split("; ").find((text) => text.startsWith(start));
    return found ? decodeURIComponent(found.slice(start.length)) : null;
  },
  set(key, value) {
    document.cookie = `${key}=${encodeURIComponent(value)}; Max-Age=${COOKIE_SECONDS}; ${COOKIE_ATTRIBUTES}`;
  },
  remove(key) {
    document.cookie = `${key}=; Max-Age=0; ${COOKIE_ATTRIBUTES}`;
  },
};

/**
 * What the browser keeps over a reload, and shares between tabs. Where nothing is allowed, memory: then a reload forgets.
 * Another tab may see a change of local storage some milliseconds late; `agreed` is the place that all tabs see alike.
 */
export function createStorage() {
  const kept = new Map();
  const memory = {
    get: (key) => kept.get(key) ?? null,
    set: (key, value) => kept.set(key, value),
    remove: (key) => kept.delete(key),
  };
  const place = [local, cookie, memory].find(works);
  return {
    ...place,
    agreed: works(cookie) ? cookie : place,
    /** Calls back when another tab has changed the key. */
    onChange(key, callback) {
      window.addEventListener("storage", (event) => {
        if (event.key === key || event.key === null) callback(); // null: everything was cleared
      });
    },
  };
}

/** Even looking may throw, in a frame whose site data are blocked. */
function works(place) {
  const probe = "todos.probe";
  try {
    place.set(probe, "1");
    const isKept = place.get(probe) === "1";
    place.remove(probe);
    return isKept;
  } catch {
    return false;
  }
}
