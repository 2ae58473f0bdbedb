// @ts-check
/**
 * Lets one process at a time change what all share (`node_modules`, a built app). The lock is a file that holds its
 * owner's pid and appears in one step, complete; the lock of a dead process is taken over.
 */
import fs from 'node:fs';
import path from 'node:path';

const RETRY_MS = 200;

/**
 * Runs `work` while holding `file`. Waits as long as a living process holds it, and says so once through `onWait`.
 * @template T
 * @param {string} file
 * @param {() => Promise<T>} work
 * @param {(pid: number) => void} [onWait]
 * @returns {Promise<T>}
 */
export async function withExclusive(file, work, onWait = () => {}) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  let hasToldWait = false;
  while (!tryAcquire(file)) {
    const owner = readOwner(file);
    if (owner !== undefined && isAlive(owner)) {
      if (!hasToldWait) onWait(owner);
      hasToldWait = true;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    } else if (owner !== undefined) {
      removeStale(file, owner);
    }
  }
  try {
    return await work();
  } finally {
    fs.rmSync(file, { force: true });
  }
}

/** A link either appears with its whole content or fails because the name is taken. @param {string} file */
function tryAcquire(file) {
  const own = `${file}.${process.pid}`;
  fs.writeFileSync(own, String(process.pid));
  try {
    fs.linkSync(own, file);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false;
    throw error;
  } finally {
    fs.rmSync(own, { force: true });
  }
}

/** The pid in the lock, or undefined when its owner has just let go. @param {string} file */
function readOwner(file) {
  try {
    return Number(fs.readFileSync(file, 'utf8'));
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Moves the lock away before removing it, since of several that find it stale only one may: a lock that is not the
 * stale one (another process was quicker, and holds it) is put back.
 * @param {string} file @param {number} owner
 */
function removeStale(file, owner) {
  const aside = `${file}.stale.${process.pid}`;
  try {
    fs.renameSync(file, aside);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return;
    throw error;
  }
  if (readOwner(aside) !== owner) fs.linkSync(aside, file);
  fs.rmSync(aside);
}

/** @param {number} pid */
function isAlive(pid) {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}
