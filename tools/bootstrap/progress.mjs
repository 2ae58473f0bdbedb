// @ts-check
/**
 * Says what a long step is doing, on standard error so that output for machines stays clean: on a terminal one line
 * that counts seconds and is replaced at the end, elsewhere a plain line now and then. `NO_COLOR` is respected.
 */

/** Short steps stay silent: a line that flashes by helps nobody. */
const SILENT_MS = 700;
const TERMINAL_PERIOD_MS = 250;
const PLAIN_PERIOD_MS = 15_000;

/**
 * Runs `work` and shows `title` with the elapsed seconds until it settles.
 * @template T
 * @param {string} title present tense, like "installing packages"
 * @param {() => Promise<T>} work
 * @param {{ write: (text: string) => unknown, isTTY?: boolean | undefined }} [stream]
 * @returns {Promise<T>}
 */
export async function withProgress(title, work, stream = process.stderr) {
  const startedAt = performance.now();
  const seconds = () => Math.round((performance.now() - startedAt) / 1_000);
  const isTerminal = stream.isTTY === true;
  let isShown = false;
  const show = () => {
    if (isTerminal) stream.write(`\r\u001B[2K${dim(`${title} … ${seconds()} s`, isTerminal)}`);
    else stream.write(isShown ? `${title} … ${seconds()} s\n` : `${title} …\n`);
    isShown = true;
  };
  const first = setTimeout(show, SILENT_MS);
  const timer = setInterval(show, isTerminal ? TERMINAL_PERIOD_MS : PLAIN_PERIOD_MS);
  try {
    const result = await work();
    if (isShown) stream.write(`${isTerminal ? '\r\u001B[2K' : ''}${title}: done in ${seconds()} s\n`);
    return result;
  } catch (error) {
    if (isShown) stream.write(`${isTerminal ? '\r\u001B[2K' : ''}${title}: failed after ${seconds()} s\n`);
    throw error;
  } finally {
    clearTimeout(first);
    clearInterval(timer);
  }
}

/** @param {string} text @param {boolean} isTerminal */
function dim(text, isTerminal) {
  return isTerminal && !process.env['NO_COLOR'] ? `\u001B[2m${text}\u001B[22m` : text;
}
