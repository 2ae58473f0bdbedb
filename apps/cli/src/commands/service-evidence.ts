/** Who uses a service, and where what is declared and what is seen part: what `plumb services` says of them. */
import { nearestWord, OperatingError } from '@plumb/base';
import type { Drift, RegistryClient, Usage, UsageKind } from '@plumb/registry';
import type { ExitCode } from '../command.ts';
import { formatAge } from '../format-age.ts';
import type { Shell } from '../shell.ts';
import { formatTable, plainText } from '../style.ts';

/** Callers that a line names; `--json` has them all. */
const CALLERS_SHOWN = 2;

const KIND_WORDS = { called: 'called', declared: 'declared', 'looked-up': 'looked up' } satisfies Record<
  UsageKind,
  string
>;

/** @throws OperatingError `not-found` for a service that is not declared and that nobody uses. */
export async function printUsedBy(
  service: string,
  registry: RegistryClient,
  { out, err, json, isJson, style, now }: Shell,
): Promise<ExitCode> {
  const usages = await registry.usedBy({ service });
  if (usages.length === 0) await requireDeclared(service, registry);
  if (isJson) {
    json(usages);
    return 0;
  }
  if (usages.length === 0) {
    err(`nobody declares to need ${service}, called it, or asked where it is`);
    return 0;
  }
  const row = (usage: Usage): string[] => [
    plainText(usage.application ?? usage.caller ?? ''),
    usage.kinds.map((kind) => KIND_WORDS[kind]).join(', '),
    usage.called === undefined ? '-' : usage.called.count.toLocaleString('en'),
    usage.called === undefined ? '-' : formatAge(usage.called.lastAt, now()),
    formatAge(usage.firstAt, now()),
    formatCallers(usage),
  ];
  out(formatTable(['USED BY', 'EVIDENCE', 'CALLS', 'LAST CALL', 'SINCE', 'CALLERS'], usages.map(row), style));
  return 0;
}

export async function printDrift(
  application: string | undefined,
  registry: RegistryClient,
  { out, err, json, isJson, style, now }: Shell,
): Promise<ExitCode> {
  const drift = await registry.drift({ application });
  if (isJson) {
    json(drift);
    return 0;
  }
  if (drift.length === 0) err('what is declared and what is seen agree');
  for (const { text, sinceAt, ...rest } of drift) {
    out(`${style.yellow('◐')} ${plainText(text)} ${style.dim(`(since ${formatAge(sinceAt, now())})`)}`);
    out(style.dim(`  ${adviceOf(rest)}`));
  }
  return 0;
}

/** What a person can do about it. */
function adviceOf({ kind, service, application = '' }: Pick<Drift, 'kind' | 'service' | 'application'>): string {
  switch (kind) {
    case 'never-seen':
      return `see "plumb status ${application}", or take it out of the manifest`;
    case 'not-declared':
      return `declare it with its application, or end what "plumb resolve ${service} --all" shows`;
    case 'undeclared-call':
      return `add "uses: [${service}]" to the process in the manifest of ${application}, or end the calls`;
    case 'never-called':
      return `take ${service} out of "uses" in the manifest of ${application}, unless something will call it`;
  }
}

function formatCallers({ application, callers }: Usage): string {
  if (application === undefined || callers.length === 0) return '-';
  const more = callers.length - CALLERS_SHOWN;
  const shown = callers.slice(0, CALLERS_SHOWN).map(plainText).join(', ');
  return more > 0 ? `${shown} and ${more} more` : shown;
}

async function requireDeclared(service: string, registry: RegistryClient): Promise<void> {
  const names = (await registry.services({})).map(({ name }) => name);
  if (names.includes(service)) return;
  const nearest = nearestWord(service, names);
  const hint = nearest === undefined ? 'see "plumb services" for those that are' : `did you mean "${nearest}"?`;
  throw new OperatingError('not-found', `no service named "${service}" is declared: ${hint}`);
}
