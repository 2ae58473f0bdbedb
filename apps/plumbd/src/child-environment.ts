/** What the processes that Plumb runs inherit: enough to find programs, files and language, and none of its secrets. */
import path from 'node:path';

const INHERITED = ['HOME', 'LANG', 'LOGNAME', 'PATH', 'SHELL', 'TMPDIR', 'TZ', 'USER', 'NO_COLOR'] as const;
/** Where this machine stands: it decides which layers of configuration its processes read. */
const PLACE = ['PLUMB_REGION', 'PLUMB_RELEASE_ENVIRONMENT'] as const;

/** `PATH` begins with the Node.js that runs Plumb, so that `command: node server.ts` means that one. */
export function childEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  execPath: string,
): Readonly<Record<string, string>> {
  const kept = Object.entries(env).filter(
    ([name]) => ([...INHERITED, ...PLACE] as readonly string[]).includes(name) || name.startsWith('LC_'),
  );
  const inherited = Object.fromEntries(kept.filter((entry): entry is [string, string] => entry[1] !== undefined));
  const search = [path.dirname(execPath), ...(inherited['PATH'] ?? '/usr/bin:/bin').split(':')];
  return { ...inherited, PATH: [...new Set(search)].join(':') };
}
