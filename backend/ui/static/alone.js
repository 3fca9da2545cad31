import { newId } from "./ids.js";

const NAME = "todos.refresh";
const LEASE_MILLISECONDS = 10_000;
const SETTLE_MILLISECONDS = 80;

/**
 * Run work in one tab at a time. The browser's locks do it; they exist on https and localhost only, and elsewhere a lease
 * in the storage that the tabs share stands in.
 */
export function alone(storage, work) {
  return navigator.locks ? navigator.locks.request(NAME, work) : withLease(storage, work);
}

async function withLease(storage, work) {
  const me = newId();
  while (!(await isTaken(storage, me))) await pause(SETTLE_MILLISECONDS);
  try {
    return await work();
  } finally {
    if (holder(storage)?.by === me) storage.remove(NAME);
  }
}

/** Write our name where nobody's stands, and look again: of those who wrote at once, the last one holds it. */
async function isTaken(storage, me) {
  if (holder(storage)) return false;
  storage.set(NAME, JSON.stringify({ by: me, until: Date.now() + LEASE_MILLISECONDS }));
  await pause(SETTLE_MILLISECONDS);
  return holder(storage)?.by === me;
}

/** Who holds the lease; one that ran out, because its tab was closed, counts for nothing. */
function holder(storage) {
  try {
    const lease = JSON.parse(storage.get(NAME));
    return lease && lease.until > Date.now() ? lease : null;
  } catch {
    return null;
  }
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
