/**
 * Dues as people read them. A due date is a calendar day, kept as text and never as an instant: made into one, it would
 * slip by a day west or east of Greenwich.
 */

/** The browser's time zone. */
export function guessTimezone() {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}

/** The wall clock of a zone now, as `2027-03-01T09:00:00`: two of them compare as text. */
function wallClock(timezone, moment = new Date()) {
  const options = {
    timeZone: timezone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  };
  let parts;
  try {
    parts = new Intl.DateTimeFormat("en-US", options).formatToParts(moment);
  } catch {
    return wallClock("UTC", moment); // a zone that the server knows and this browser does not
  }
  const of = Object.fromEntries(parts.map(({ type, value }) => [type, value]));
  return `${of.year.padStart(4, "0")}-${of.month}-${of.day}T${of.hour}:${of.minute}:${of.second}`;
}

/** Today in a zone, as `2027-03-01`. */
export function today(timezone) {
  return wallClock(timezone).slice(0, 10);
}

/** The day so many days later, as `2027-03-01`. */
export function daysAfter(day, count) {
  const date = localNoon(day);
  date.setDate(date.getDate() + count);
  const year = String(date.getFullYear()).padStart(4, "0");
  const month = String(date.getMonth() + 1).padStart(2, "0");
  return `${year}-${month}-${String(date.getDate()).padStart(2, "0")}`;
}

/** Whether an open todo's due has passed: a whole day ends with the day, a time at its minute. */
export function isOverdue(todo, timezone) {
  if (todo.completed || todo.deleted_at || !todo.due_date) return false;
  const now = wallClock(todo.due_timezone || timezone);
  return todo.due_time ? `${todo.due_date}T${seconds(todo.due_time)}` < now : todo.due_date < now.slice(0, 10);
}

/** `Today`, `Tomorrow 09:00`, `Mon, Mar 1`, with the year where it is another one, and the zone where it is fixed. */
export function dueText(todo, timezone) {
  const words = [dayText(todo.due_date, timezone)];
  if (todo.due_time) words.push(timeText(todo.due_time));
  if (todo.due_timezone && todo.due_timezone !== timezone) words.push(`(${zoneText(todo.due_timezone)})`);
  return words.join(" ");
}

/** The whole date with its weekday, for a tooltip and for those who listen. */
export function longDueText(todo) {
  const day = localNoon(todo.due_date).toLocaleDateString(undefined, { dateStyle: "full" });
  return [day, todo.due_time && timeText(todo.due_time), todo.due_timezone && zoneText(todo.due_timezone)]
    .filter(Boolean)
    .join(", ");
}

/** The day under which a todo stands where a list goes by days: `Tomorrow`, `Friday, November 27`. */
export function groupText({ due_date: day }, timezone) {
  if (!day) return "No due date";
  const near = dayText(day, timezone);
  if (!/\d/.test(near)) return near;
  const options = { weekday: "long", month: "long", day: "numeric" };
  if (day.slice(0, 4) !== today(timezone).slice(0, 4)) options.year = "numeric";
  return localNoon(day).toLocaleDateString(undefined, options);
}

/** An instant as date and time where the reader is; the year is told where it is another one. */
export function momentText(instant) {
  const at = new Date(instant);
  const options = { month: "short", day: "numeric", hour: "numeric", minute: "2-digit" };
  if (at.getFullYear() !== new Date().getFullYear()) options.year = "numeric";
  return at.toLocaleString(undefined, options);
}

function dayText(day, timezone) {
  const now = today(timezone);
  if (day === now) return "Today";
  if (day === daysAfter(now, 1)) return "Tomorrow";
  if (day === daysAfter(now, -1)) return "Yesterday";
  const options = { weekday: "short", month: "short", day: "numeric" };
  if (day.slice(0, 4) !== now.slice(0, 4)) options.year = "numeric";
  return localNoon(day).toLocaleDateString(undefined, options);
}

function timeText(time) {
  const [hours, minutes] = time.split(":").map(Number);
  return new Date(2000, 0, 1, hours, minutes).toLocaleTimeString(undefined, { timeStyle: "short" });
}

function zoneText(timezone) {
  return timezone.split("/").pop().replaceAll("_", " ");
}

/** Noon of a calendar day where the browser is: far from both midnights, whatever the clocks do. */
function localNoon(day) {
  const [year, month, date] = day.split("-").map(Number);
  const noon = new Date(2000, 0, 1, 12);
  noon.setFullYear(year, month - 1, date); // the constructor would take years below 100 for 19xx
  return noon;
}

function seconds(time) {
  return time.length === 5 ? `${time}:00` : time;
}
