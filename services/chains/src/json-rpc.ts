/** JSON-RPC 2.0 over HTTP to a node that may be stuck, broken or somebody else's: every answer is bounded and checked. */
import { OperatingError } from '@plumb/base';
import * as v from 'valibot';

/** The largest block that is asked for, 20,000 transaction hashes, with room. */
const ANSWER_SIZE_BYTES_MAX = 4_194_304;

const METHOD_NOT_FOUND = -32_601;

export type JsonRpcCall = { readonly method: string; readonly parameters: readonly unknown[] };

export type JsonRpcOutcome =
  | { readonly kind: 'result'; readonly value: unknown }
  /** The node lacks the method, which says nothing of its health. */
  | { readonly kind: 'missing' }
  | { readonly kind: 'error'; readonly message: string };

const answerSchema = v.object({
  id: v.number(),
  result: v.optional(v.unknown()),
  error: v.optional(v.object({ code: v.number(), message: v.string() })),
});

export type JsonRpcOptions = { readonly signal: AbortSignal; readonly timeoutMs: number };

/**
 * One HTTP request with all calls; the outcomes are in their order.
 * @throws OperatingError `unavailable` when nothing listens, `deadline` when no answer came in time, `internal` for an
 * answer that is not JSON-RPC.
 */
export async function callJsonRpc(
  url: string,
  calls: readonly JsonRpcCall[],
  { signal, timeoutMs }: JsonRpcOptions,
): Promise<readonly JsonRpcOutcome[]> {
  const body = calls.map(({ method, parameters }, id) => ({ jsonrpc: '2.0', id, method, params: parameters }));
  const deadline = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      redirect: 'error',
      signal: AbortSignal.any([signal, deadline]),
    });
    const answers = parseAnswers(await readText(response));
    return calls.map((_call, id) => outcomeOf(answers.find((answer) => answer.id === id)));
  } catch (error) {
    if (error instanceof OperatingError) throw error;
    if (deadline.aborted) {
      throw new OperatingError('deadline', `it did not answer within ${timeoutMs} ms: it may be stuck or overloaded`);
    }
    throw new OperatingError('unavailable', 'nothing answers on its port: see whether it runs', { cause: error });
  }
}

async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > ANSWER_SIZE_BYTES_MAX) {
      throw new OperatingError('internal', `its answer is larger than ${ANSWER_SIZE_BYTES_MAX} bytes`);
    }
  }
  return text + decoder.decode();
}

function parseAnswers(text: string): v.InferOutput<typeof answerSchema>[] {
  try {
    return v.parse(v.array(answerSchema), JSON.parse(text));
  } catch (error) {
    throw new OperatingError('internal', 'its answer is not JSON-RPC: see what runs on its port', { cause: error });
  }
}

function outcomeOf(answer: v.InferOutput<typeof answerSchema> | undefined): JsonRpcOutcome {
  if (answer === undefined) return { kind: 'error', message: 'the node left the call unanswered' };
  const { error, result } = answer;
  if (error === undefined) return { kind: 'result', value: result };
  return error.code === METHOD_NOT_FOUND ? { kind: 'missing' } : { kind: 'error', message: error.message };
}
