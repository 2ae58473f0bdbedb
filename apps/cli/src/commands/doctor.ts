/** Looks for what is wrong with this machine and this plumbd, and says how to mend it. */
import { describeError, formatSize } from '@plumb/base';
import { isRunning, readDoors } from '@plumb/plumbd/data-directory';
import fs from 'node:fs/promises';
import { type Command, refuseMore } from '../command.ts';
import type { Shell } from '../shell.ts';

type Finding = { readonly check: string; readonly state: 'ok' | 'warning' | 'fault'; readonly text: string };

const NODE_MAJOR_MIN = 26;
/** Below it the store and the metrics are about to stop. */
const DISK_FREE_BYTES_MIN = 1_073_741_824;

export const doctor: Command = {
  name: 'doctor',
  summary: 'Check this machine and this plumbd, and say how to mend what is wrong.',
  usage: '',
  examples: ['plumb doctor', 'plumb doctor --json'],
  flags: {},
  async run(words, _flags, shell) {
    refuseMore(words, 0);
    const findings = [
      checkNode(),
      await checkDirectory(shell.dataDirectory),
      await checkDisk(shell.dataDirectory),
      ...(await checkPlumbd(shell)),
    ];
    if (shell.isJson) shell.json(findings);
    else for (const finding of findings) print(finding, shell);
    return findings.some(({ state }) => state === 'fault') ? 1 : 0;
  },
};

function print({ check, state, text }: Finding, { out, style }: Shell): void {
  const sign = state === 'ok' ? style.green('✓') : state === 'warning' ? style.yellow('!') : style.red('✖');
  out(`${sign} ${check}: ${text}`);
}

function checkNode(): Finding {
  const { version } = process;
  const isEnough = Number(version.slice(1).split('.')[0]) >= NODE_MAJOR_MIN;
  return isEnough
    ? { check: 'Node.js', state: 'ok', text: version }
    : {
        check: 'Node.js',
        state: 'fault',
        text: `${version} is too old: run plumb with the one that "npm start" installs`,
      };
}

async function checkDirectory(directory: string): Promise<Finding> {
  const stat = await fs.stat(directory).catch(() => undefined);
  if (stat === undefined)
    return { check: 'data directory', state: 'warning', text: `${directory} is absent: "plumb up" makes it` };
  const isPrivate = (stat.mode & 0o077) === 0;
  const isWritable = await fs.access(directory, fs.constants.W_OK).then(
    () => true,
    () => false,
  );
  if (!isWritable)
    return {
      check: 'data directory',
      state: 'fault',
      text: `${directory} cannot be written: check its owner and mode`,
    };
  return isPrivate
    ? { check: 'data directory', state: 'ok', text: directory }
    : { check: 'data directory', state: 'warning', text: `others can read ${directory}: chmod 700 ${directory}` };
}

async function checkDisk(directory: string): Promise<Finding> {
  const stat = await fs.statfs(directory).catch(() => fs.statfs('.'));
  const freeBytes = stat.bavail * stat.bsize;
  const text = `${formatSize(freeBytes)} free`;
  return freeBytes < DISK_FREE_BYTES_MIN
    ? { check: 'disk', state: 'warning', text: `${text}: make room before the store stops` }
    : { check: 'disk', state: 'ok', text };
}

async function checkPlumbd(shell: Shell): Promise<Finding[]> {
  const doors = await readDoors(shell.dataDirectory);
  if (doors === undefined || !(await isRunning(doors))) {
    return [{ check: 'plumbd', state: 'fault', text: 'does not run on this data directory: start it with "plumb up"' }];
  }
  try {
    const { deploy, events, metrics } = await shell.connect();
    const [applications, incidents, targets] = await Promise.all([
      deploy.status({}),
      events.incidents({}),
      metrics.targets({}),
    ]);
    const units = applications.flatMap((application) => application.units);
    const unready = units.filter(({ health, state }) => health.state !== 'ready' && state !== 'stopped');
    const down = targets.filter(({ up }) => !up);
    return [
      { check: 'plumbd', state: 'ok', text: `process ${doors.pid} at ${doors.http}` },
      unready.length === 0
        ? { check: 'units', state: 'ok', text: `${units.length} of ${units.length} are as they should be` }
        : {
            check: 'units',
            state: 'fault',
            text: `${unready.map(({ unit }) => unit).join(', ')} not ready: see "plumb status"`,
          },
      incidents.length === 0
        ? { check: 'incidents', state: 'ok', text: 'none' }
        : { check: 'incidents', state: 'fault', text: `${incidents.length} open: see "plumb alerts"` },
      down.length === 0
        ? { check: 'metrics', state: 'ok', text: `${targets.length} targets are scraped` }
        : {
            check: 'metrics',
            state: 'warning',
            text: `${down.map(({ instance, lastError }) => `${instance} (${lastError ?? 'down'})`).join(', ')} cannot be scraped`,
          },
    ];
  } catch (error) {
    return [{ check: 'plumbd', state: 'fault', text: describeError(error) }];
  }
}
