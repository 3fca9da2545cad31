import { newId } from "./ids.js";

const NAME = "todos.refresh";
const LEASE_MILLISECONDS = 10_000;
const SETTLE_MILLISECONDS = 80;

/**
 * Run work in one tab at a time. The browser's locks do it; they exist on https and localhost only, and elsewhere a lease
 * in what the tabs share stands in.
 * @param agreed the place that all tabs see alike
 * @param work is told whether another tab was at it before: what that tab wrote may become visible here a little later
 */
export function alone(agreed, work) {
  return navigator.locks ? withLock(work) : withLease(agreed, work);
}

async function withLock(work) {
  const done = await navigator.locks.request(NAME, { ifAvailable: true }, async (lock) => lock && [await work(false)]);
  return done ? done[0] : navigator.locks.request(NAME, () => work(true));
}

async function withLease(agreed, work) {
  const me = newId();
  let hasWaited = false;
  while (!(await isTaken(agreed, me))) {
    hasWaited = true;
    await pause(SETTLE_MILLISECONDS);
  }
  try {
    return await work(hasWaited);
  } finally {
    if (holder(agreed)?.by === me) agreed.remove(NAME);
  }
}

/** Write our name where nobody's stands, and look again: of those who wrote at once, the last one holds it. */
async function isTaken(agreed, me) {
  if (holder(agreed)) return false;
  agreed.set(NAME, JSON.stringify({ by: me, until: Date.now() + LEASE_MILLISECONDS }));
  await pause(SETTLE_MILLISECONDS);
  return holder(agreed)?.by === me;
}

/** Who holds the lease; one that ran out, because its tab was closed, counts for nothing. */
function holder(agreed) {
  try {
    const lease = JSON.parse(agreed.get(NAME));
    return lease && lease.until > Date.now() ? lease : null;
  } catch {
    return null;
  }
}

/** Wait. */
export function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
