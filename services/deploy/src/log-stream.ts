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
    const sources = follow ? units.map((unit) => createSource(unit, stop.signal)) : [];
    const past = units.flatMap((unit) => unit.lines.tail(tail).map((record) => toLine(unit, record)));
    // Stable: lines of one unit and one millisecond stay in their order.
    past.sort((a, b) => a.at - b.at);
    yield* tail === 0 ? [] : past.slice(-tail);
    while (sources.length > 0 && !signal.aborted) {
      const { source, result } = await Promise.race(sources.map((one) => one.next));
      if (result.done === true) return;
      source.advance();
      yield toLine(source.unit, result.value);
    }
  } finally {
    signal.removeEventListener('abort', abort);
    stop.abort();
  }
}

type Source = {
  readonly unit: DeployUnit;
  /** The next record, with its source, so that a race tells whose it is. */
  next: Promise<{ readonly source: Source; readonly result: IteratorResult<LogRecord> }>;
  readonly advance: () => void;
};

function createSource(unit: DeployUnit, signal: AbortSignal): Source {
  const records = unit.lines.follow({ signal })[Symbol.asyncIterator]();
  const ask = async (): Source['next'] => ({ source, result: await records.next() });
  const source: Source = {
    unit,
    next: undefined as unknown as Source['next'],
    advance: () => {
      source.next = ask();
    },
  };
  source.advance();
  return source;
}

function toLine({ name }: DeployUnit, { at, stream, line }: LogRecord): LogLine {
  return { at, unit: name, stream: stream === 'stdout' || stream === 'stderr' ? stream : 'plumb', line };
}
