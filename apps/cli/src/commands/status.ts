import type { ApplicationStatus, UnitStatus } from '@plumb/deploy';
import { OperatingError } from '@plumb/base';
import { type Command, refuseMore } from '../command.ts';
import { formatAge } from '../format-age.ts';
import type { Shell } from '../shell.ts';
import { formatTable, paintState, plainText } from '../style.ts';

export const status: Command = {
  name: 'status',
  summary: 'Show what runs, how it is, and what is wrong.',
  usage: '[APPLICATION]',
  examples: ['plumb status', 'plumb status tipjar --json'],
  flags: {},
  async run(words, _flags, shell) {
    refuseMore(words, 1);
    const { deploy, events } = await shell.connect();
    const applications = await deploy.status({ application: words[0] });
    if (words[0] !== undefined && applications.length === 0) {
      throw new OperatingError(
        'not-found',
        `no application named "${words[0]}" is deployed: see "plumb status" for those that are`,
      );
    }
    if (shell.isJson) {
      shell.json(applications);
      return 0;
    }
    if (applications.length === 0) {
      shell.err('nothing is deployed: go to a folder with a plumb.yaml and run "plumb deploy"');
      return 0;
    }
    for (const application of applications) printApplication(application, shell);
    const open = (await events.incidents({})).filter(
      (incident) => words[0] === undefined || incident.application === words[0],
    );
    for (const incident of open)
      shell.out(
        `${shell.style.red('✖ incident')} ${plainText(incident.title)} (${formatAge(incident.openedAt, shell.now())}): see "plumb alerts"`,
      );
    return 0;
  },
};

function printApplication(application: ApplicationStatus, { out, style, now }: Shell): void {
  const { name, environment, release, deployedAt, units } = application;
  out(
    `${style.bold(name)} ${style.dim(`${environment}, release ${release}, deployed ${formatAge(deployedAt, now())}`)}`,
  );
  const rows = units.map((unit) => [
    `  ${unit.component}`,
    paintState(style, shownState(unit)),
    unit.startedAt === undefined ? '-' : formatAge(unit.startedAt, now()).replace(' ago', ''),
    String(unit.restartsTotal),
    unit.pid === undefined ? '-' : String(unit.pid),
    unit.url ?? '-',
    unit.chain?.height === undefined ? '' : style.dim(`height ${unit.chain.height}`),
  ]);
  const [header = '', ...lines] = formatTable(
    ['  UNIT', 'STATE', 'UP', 'RESTARTS', 'PID', 'ADDRESS', ''],
    rows,
    style,
  ).split('\n');
  out(header);
  lines.forEach((line, index) => {
    out(line);
    // Below it: a reason is a sentence, which no column holds.
    const reason = reasonOf(units[index]);
    if (reason !== '') out(style.dim(`    ${reason}`));
  });
  out('');
}

/** What a person wants to know: the health of what runs, and what is done about what does not. */
function shownState({ state, health }: UnitStatus): string {
  return state === 'running' || state === 'starting' ? health.state : state;
}

function reasonOf(unit: UnitStatus | undefined): string {
  if (unit === undefined || unit.health.state === 'ready' || unit.state === 'stopped') return '';
  return plainText(unit.health.reason ?? '');
}
