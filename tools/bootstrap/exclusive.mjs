// @ts-check
/**
 * Lets one process at a time change what all share (`node_modules`, a built app). The lock is a file that holds its
 * owner's pid and when that started, and appears in one step, complete. The lock of a dead process is taken over, also
 * when another has got its pid since, as happens when the machine was started again.
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
      if (!hasToldWait) onWait(Number.parseInt(owner, 10));
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
  fs.writeFileSync(own, `${process.pid} ${startOf(process.pid)}`);
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

/** What the lock holds, or undefined when its owner has just let go. @param {string} file */
function readOwner(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Moves the lock away before removing it, since of several that find it stale only one may: a lock that is not the
 * stale one (another process was quicker, and holds it) is put back.
 * @param {string} file @param {string} owner
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

/** @param {string} owner `PID START`, or the pid alone where the system does not tell when it started. */
function isAlive(owner) {
  const [first, start = ''] = owner.split(' ');
  const pid = Number(first);
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EPERM') return false;
  }
  return start === '' || start === startOf(pid);
}

/** Clock ticks from boot to the start of a process: field 22 of /proc/PID/stat (proc(5)). @param {number} pid */
function startOf(pid) {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
