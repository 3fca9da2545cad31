const LOOK_MILLISECONDS = 30_000;
const REMINDERS_KEY = "todos.reminders";
// A tab that slept rings for what it missed, but not for last week.
const MISSED_MILLISECONDS = 60 * 60 * 1000;
// A timer that waits longer than this may be late after the machine slept; the next look sets it anew.
const AHEAD_MILLISECONDS = 2 * LOOK_MILLISECONDS;

/** Whether reminders ring here: "on", "off", "denied" by the browser, or "unsupported", as in another site's frame. */
export function reminderState(storage) {
  if (!("Notification" in window)) return "unsupported";
  if (Notification.permission === "denied") return window.top === window ? "denied" : "unsupported";
  return Notification.permission === "granted" && storage.get(REMINDERS_KEY) === "on" ? "on" : "off";
}

/** Ask the browser for leave, and remember the answer here. */
export async function allowReminders(storage) {
  if ((await Notification.requestPermission()) === "granted") storage.set(REMINDERS_KEY, "on");
  return reminderState(storage);
}

export function silenceReminders(storage) {
  storage.set(REMINDERS_KEY, "off");
}

/**
 * Rings while a tab is open: as a notification where that is allowed, and as a toast in any case.
 * @param call a call in the account's name
 * @param {(reminder: {id: string, title: string}, isOpened: boolean) => void} onRing
 */
export function createReminders(call, storage, onRing) {
  const timers = new Map();
  const rung = new Set();
  let rungUntil = Date.now() - MISSED_MILLISECONDS;

  function ring(reminder) {
    timers.delete(keyOf(reminder));
    rung.add(keyOf(reminder));
    onRing(reminder, false);
    if (reminderState(storage) !== "on") return;
    try {
      // The tag lets all tabs of one browser ring once.
      const shown = new Notification(reminder.title, { tag: keyOf(reminder), icon: "pwa_icon/192" });
      shown.onclick = () => {
        window.focus();
        onRing(reminder, true);
        shown.close();
      };
    } catch {
      // Chrome on Android has notifications for service workers only; the toast has told it.
    }
  }

  async function look() {
    const until = Date.now() + AHEAD_MILLISECONDS;
    let found;
    try {
      const body = { after: new Date(rungUntil).toISOString(), until: new Date(until).toISOString() };
      found = (await call("list_reminders", { body })).reminders;
    } catch {
      return; // the next look finds them too
    }
    // What was moved, ticked or deleted meanwhile does not ring.
    for (const timer of timers.values()) clearTimeout(timer);
    timers.clear();
    for (const reminder of found.filter((one) => !rung.has(keyOf(one)))) {
      const wait = Math.max(0, Date.parse(reminder.remind_at) - Date.now());
      timers.set(
        keyOf(reminder),
        setTimeout(() => {
          rungUntil = Math.max(rungUntil, Date.parse(reminder.remind_at));
          ring(reminder);
        }, wait),
      );
    }
    if (found.length === 0) rungUntil = Math.max(rungUntil, Date.now() - LOOK_MILLISECONDS);
  }

  const clock = setInterval(look, LOOK_MILLISECONDS);
  look();
  return {
    close() {
      clearInterval(clock);
      for (const timer of timers.values()) clearTimeout(timer);
    },
  };
}

function keyOf({ id, remind_at: at }) {
  return `${id} ${at}`;
}
