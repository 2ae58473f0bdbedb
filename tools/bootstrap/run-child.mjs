// @ts-check
/**
 * Runs a program in the foreground, and is transparent to signals: the program gets each wish to stop exactly once, is
 * waited for, and its exit code becomes ours.
 *
 * A terminal sends Ctrl-C (SIGINT) and its own end (SIGHUP) to every process of the foreground group, so the program
 * has them already; npm sends SIGINT once more to its child, which must not reach the program as a second wish.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/** Two signals of one kind within this time are one wish: npm repeats within milliseconds, a person does not. */
const REPEAT_MS = 1_000;

/** @type {readonly NodeJS.Signals[]} */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Resolves with the exit code: the program's own, or 128 plus the signal that ended it, as shells count.
 * `signal` ends it with SIGTERM. With `onOutput` the program's output goes there instead of to the terminal. Rejects when it cannot be started.
 * @param {string} file
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, signal?: AbortSignal, onOutput?: (chunk: Buffer) => void }} [options]
 * @returns {Promise<number>}
 */
export function runChild(file, args, { cwd, env, signal, onOutput } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd, env, stdio: onOutput ? ['ignore', 'pipe', 'pipe'] : 'inherit' });
    if (onOutput) {
      child.stdout?.on('data', onOutput);
      child.stderr?.on('data', onOutput);
    }

    const hasTerminal = process.stdin.isTTY === true || process.stderr.isTTY === true;
    /** @type {Map<string, number>} */
    const sentAt = new Map();
    /** @type {(signal: NodeJS.Signals) => void} */
    const forward = (signal) => {
      if (hasTerminal && signal !== 'SIGTERM') return;
      const isRepeat = performance.now() - (sentAt.get(signal) ?? -Infinity) < REPEAT_MS;
      if (isRepeat) return;
      sentAt.set(signal, performance.now());
      child.kill(signal);
    };
    const terminate = () => void child.kill('SIGTERM');
    signal?.addEventListener('abort', terminate);
    const stopListening = () => {
      signal?.removeEventListener('abort', terminate);
      for (const signal of SIGNALS) process.off(signal, forward);
    };
    for (const signal of SIGNALS) process.on(signal, forward);

    child.once('error', (error) => {
      stopListening();
      reject(error);
    });
    child.once('close', (code, endedBy) => {
      stopListening();
      resolve(endedBy === null ? (code ?? 1) : 128 + constants.signals[endedBy]);
    });
  });
}
