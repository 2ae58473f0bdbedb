/** Everything that a command may touch. `main.ts` builds the real one; a test builds its own. */
import type { Clients } from '@plumb/plumbd/clients';
import type { Connection } from '@plumb/rpc';
import type { Remote } from './open-remote.ts';
import type { Style } from './style.ts';

export type Shell = {
  /** Prints a line of the answer. */
  readonly out: (line: string) => void;
  /** Prints a line of trouble or progress. */
  readonly err: (line: string) => void;
  /** Prints `value` as JSON: one document, or with `isLine` one line of many. */
  readonly json: (value: unknown, options?: { readonly isLine?: boolean }) => void;
  /** `--json` was given: print data and nothing else. */
  readonly isJson: boolean;
  /** A person watches the answer: progress may redraw. */
  readonly isTerminal: boolean;
  readonly style: Style;
  readonly now: () => number;
  /** Where relative paths start. */
  readonly directory: string;
  readonly dataDirectory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal;
  /** Connects on first use. @throws OperatingError `unavailable` when no plumbd runs here, saying how to start one. */
  readonly connect: () => Promise<Clients>;
  /** The connection to plumbd, or to another server; it is closed with the shell. @throws OperatingError. */
  readonly dial: (remote?: Remote) => Promise<Connection>;
  /** What is piped in, up to its end. @throws OperatingError `exhausted` for more than a call may carry. */
  readonly readInput: () => Promise<string>;
  /**
   * What a person types on one line; with `isHidden` without showing it. Empty where they want none of it, with Ctrl-C;
   * undefined where nobody can be asked: input or output are no terminal.
   */
  readonly ask: (question: string, options?: { readonly isHidden?: boolean }) => Promise<string | undefined>;
  /** Shows how far something is, in place of what was shown before; undefined takes it away. Nothing without a terminal. */
  readonly progress: (line: string | undefined) => void;
  /** Resolves after `delayMs`, at once when the command is ended. */
  readonly sleep: (delayMs: number) => Promise<void>;
};
