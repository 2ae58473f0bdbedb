/** A command is data: `main.ts` finds it by name and prints the list of all. */
export type Command = {
  readonly name: string;
  readonly summary: string;
  /** Returns the exit code: 0 done, 1 could not do it, 2 used wrongly. */
  readonly run: (words: readonly string[], root: string) => Promise<number>;
};
