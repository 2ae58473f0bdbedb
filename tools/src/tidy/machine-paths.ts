import type { Tree } from './tree.ts';

/** Folders of one person's or one machine's own: nobody else has them. */
const MACHINE_PATH = /(?<![\w.$}/~-])\/(?:home|Users|root|work|mnt)\/[\w.-]+(?:\/[\w.-]+)*/g;

/** The project must work wherever it is cloned. */
export function machinePathFaults(tree: Tree): string[] {
  return [...tree.texts]
    .filter(([file]) => !file.startsWith('tools/src/tidy/') && !file.endsWith('package-lock.json'))
    .flatMap(([file, text]) => {
      const found = new Set([...text.matchAll(MACHINE_PATH)].map(([match]) => match));
      return [...found].map(
        (match) => `${file}: names ${match}, a path of one machine: make it relative, or pass it in`,
      );
    });
}
