import type { LogRecord } from '@plumb/supervise';
import type { LogLine } from './contract.ts';
import type { DeployUnit } from './deploy-unit.ts';

/** The last `tail` lines of all `units` in order of time, then, with `follow`, each further one until `signal` aborts. */
export async function* streamLogs(
  units: readonly DeployUnit[],
  { tail, follow, signal }: { readonly tail: number; readonly follow: boolean; readonly signal: AbortSignal },
): AsyncGenerator<LogLine> {
  const stop = new AbortController();
  const abort = (): void => stop.abort();
  signal.addEventListener('abort', abort);
  try {
    // Following begins before the past is read, in one turn: no line falls between.
    const further = follow ? followAll(units, stop.signal) : undefined;
    const past = units.flatMap((unit) => unit.lines.tail(tail).map((record) => toLine(unit, record)));
    // Stable: lines of one unit and one millisecond stay in their order.
    past.sort((a, b) => a.at - b.at);
    yield* tail === 0 ? [] : past.slice(-tail);
    if (further !== undefined) yield* further;
  } finally {
    signal.removeEventListener('abort', abort);
    stop.abort();
  }
}

type Arrival = {
  readonly unit: DeployUnit;
  /** Settled. */
  readonly next: Promise<IteratorResult<LogRecord>>;
  readonly ask: () => void;
};

/**
 * What the units print from this call on, as it comes, until `signal` aborts. Of each unit one record waits here, the
 * others in its log's own bounded queue. No `Promise.race`: each round of one would stay with a unit that is silent.
 */
function followAll(units: readonly DeployUnit[], signal: AbortSignal): AsyncGenerator<LogLine> {
  const arrived: Arrival[] = [];
  let wake = Promise.withResolvers<void>();
  for (const unit of units) {
    const records = unit.lines.follow({ signal })[Symbol.asyncIterator]();
    const ask = (): void => {
      const next = records.next();
      const arrive = (): void => {
        arrived.push({ unit, next, ask });
        wake.resolve();
      };
      next.then(arrive, arrive);
    };
    ask();
  }
  return (async function* merge() {
    while (!signal.aborted) {
      const arrival = arrived.shift();
      if (arrival === undefined) {
        wake = Promise.withResolvers();
        await wake.promise;
        continue;
      }
      const { unit, next, ask } = arrival;
      const result = await next;
      if (result.done === true) return;
      ask();
      yield toLine(unit, result.value);
    }
  })();
}

function toLine({ name }: DeployUnit, { at, stream, line }: LogRecord): LogLine {
  return { at, unit: name, stream: stream === 'stdout' || stream === 'stderr' ? stream : 'plumb', line };
}
