/** How a unit is, in a tone and a word; and how everything is, in a sentence. Pure, so that the words can be tested. */
import type { ApplicationStatus, UnitStatus } from '@plumb/deploy';
import type { HealthState } from '@plumb/registry';
import { formatCount } from '@plumb/ui/format';

export type StatusTone = 'good' | 'busy' | 'warn' | 'bad' | 'idle';
export type StatusWord = { readonly tone: StatusTone; readonly word: string };

const HEALTH_WORDS: Readonly<Record<HealthState, StatusWord>> = {
  ready: { tone: 'good', word: 'Ready' },
  starting: { tone: 'busy', word: 'Starting' },
  progressing: { tone: 'busy', word: 'Syncing' },
  unready: { tone: 'warn', word: 'Not ready' },
  lagging: { tone: 'warn', word: 'Lagging' },
  stalled: { tone: 'bad', word: 'Stalled' },
  forked: { tone: 'bad', word: 'Forked' },
  failed: { tone: 'bad', word: 'Failed' },
};

/** Its own processes first, then the chains that they need; by name. */
export function orderUnits(units: readonly UnitStatus[]): readonly UnitStatus[] {
  return units.toSorted((a, b) => b.kind.localeCompare(a.kind) || a.component.localeCompare(b.component));
}

/** Epoch ms at which the copy that runs was started; undefined where none runs. */
export function upSince({ state, startedAt }: Pick<UnitStatus, 'state' | 'startedAt'>): number | undefined {
  return state === 'starting' || state === 'running' || state === 'stopping' ? startedAt : undefined;
}

/** The supervisor's state first: while it starts or stops a unit, the health is that of the copy before. */
export function unitWord({ state, health }: Pick<UnitStatus, 'state' | 'health'>): StatusWord {
  switch (state) {
    case 'waiting':
      return { tone: 'busy', word: 'Waiting' };
    case 'starting':
      return { tone: 'busy', word: 'Starting' };
    case 'backoff':
      return { tone: 'warn', word: 'Restarting' };
    case 'stopping':
      return { tone: 'busy', word: 'Stopping' };
    case 'stopped':
      return { tone: 'idle', word: 'Stopped' };
    case 'crashed':
      return { tone: 'bad', word: 'Crashed' };
    case 'running':
      return HEALTH_WORDS[health.state];
  }
}

/** Why it is as it is: of a unit that does not run, what is known of its end, unless a person stopped it. */
export function healthDetail({ state, health, lastExit }: Pick<UnitStatus, 'state' | 'health' | 'lastExit'>): string {
  if (state !== 'stopped' && state !== 'stopping') return health.reason ?? '';
  if (lastExit === undefined) return '';
  return lastExit.signal === null ? `last exit code ${lastExit.code ?? '?'}` : `last ended by ${lastExit.signal}`;
}

export function healthWord(state: HealthState): StatusWord {
  return HEALTH_WORDS[state];
}

const TONES_WORST_FIRST: readonly StatusTone[] = ['bad', 'warn', 'busy', 'idle', 'good'];

export function worstTone(tones: readonly StatusTone[]): StatusTone {
  return TONES_WORST_FIRST.find((tone) => tones.includes(tone)) ?? 'good';
}

export function applicationTone({ units }: Pick<ApplicationStatus, 'units'>): StatusTone {
  return worstTone(units.map((unit) => unitWord(unit).tone));
}

export type OverallState = { readonly tone: StatusTone; readonly title: string; readonly detail: string };

const NAMED_MAX = 3;

/**
 * One sentence about everything, with what is wrong first. An incident outlasts the trouble that it is about: while one
 * is open, not all is well.
 */
export function overallState(applications: readonly ApplicationStatus[], incidentCount = 0): OverallState {
  const units = applications.flatMap((application) => application.units);
  if (applications.length === 0)
    return { tone: 'idle', title: 'Nothing is deployed yet', detail: 'Plumb itself is running.' };
  if (units.length === 0)
    return { tone: 'idle', title: 'No unit is deployed', detail: 'The applications have no processes or chains.' };

  const words = units.map((unit) => ({ unit, ...unitWord(unit) }));
  const readyCount = words.filter(({ tone }) => tone === 'good').length;
  const whole = `${formatCount(units.length, 'unit')} of ${formatCount(applications.length, 'application')}`;
  const tone = worstTone(words.map((word) => word.tone));
  if (tone === 'good') {
    const verb =
      units.length === 1
        ? 'The only unit'
        : units.length === 2
          ? 'Both units'
          : `All ${formatCount(units.length, 'unit')}`;
    const scope = `of ${applications.length === 1 ? (applications[0]?.name ?? '') : formatCount(applications.length, 'application')}`;
    const title = `${verb} ${scope} ${units.length === 1 ? 'is' : 'are'} ready`;
    return incidentCount === 0
      ? { tone, title, detail: 'Nothing needs you.' }
      : {
          tone: 'warn',
          title,
          detail: `${formatCount(incidentCount, 'incident')} ${incidentCount === 1 ? 'is' : 'are'} still open.`,
        };
  }
  const worst = words.filter((word) => word.tone === tone);
  const named = worst.slice(0, NAMED_MAX).map(({ unit, word }) => `${unit.unit} ${verbOf(word)}`);
  const more = worst.length > NAMED_MAX ? `, and ${worst.length - NAMED_MAX} more` : '';
  return {
    tone,
    title: `${named.join(', ')}${more}`,
    detail: `${readyCount} of ${whole} ${readyCount === 1 ? 'is' : 'are'} ready.`,
  };
}

function verbOf(word: string): string {
  return word === 'Crashed' || word === 'Failed' || word === 'Forked' || word === 'Stalled'
    ? `has ${word.toLowerCase()}`
    : `is ${word.toLowerCase()}`;
}
