import { describeError } from '@plumb/base';
import { useState } from 'preact/hooks';
import { useRunning } from './console-context.ts';

export type Answer<T> = {
  /** The last answer; it stays while it is asked again, so that nothing flickers. */
  readonly value: T | undefined;
  readonly fault: string | undefined;
};

/** Asks when the view appears, and again when one of `inputs` is another; a different `subject` begins with nothing. */
export function useAnswer<T>(
  ask: (signal: AbortSignal) => Promise<T>,
  subject: string,
  inputs: readonly unknown[] = [],
): Answer<T> {
  const [state, setState] = useState<Answer<T> & { readonly subject: string }>({
    value: undefined,
    fault: undefined,
    subject,
  });
  useRunning(
    async (signal) => {
      try {
        const value = await ask(signal);
        if (!signal.aborted) setState({ value, fault: undefined, subject });
      } catch (error) {
        if (signal.aborted) return;
        setState((known) => ({
          value: known.subject === subject ? known.value : undefined,
          fault: describeError(error),
          subject,
        }));
      }
    },
    [subject, ...inputs],
  );
  return state.subject === subject ? state : { value: undefined, fault: undefined };
}
