/** What can be called, as data for people and programs: names, schemas, what a caller must hold, and one line on each. */
import type { Contract, Method } from './contract.ts';
import { jsonSchemaOf, typesNamedIn } from './json-schema.ts';
import type { MethodDescription } from './rpc-contract.ts';

/** Of a method with a contract. */
export async function describeMethod(name: string, method: Method): Promise<MethodDescription> {
  const { summary, stream = false, scope, idempotent } = method;
  const [input, output] = await Promise.all([
    jsonSchemaOf(method.input, 'input'),
    jsonSchemaOf(method.output, 'output'),
  ]);
  const names = typesNamedIn(input);
  const takes = (['function', 'stream'] as const).filter((kind) => names.has(kind));
  return {
    method: name,
    ...(summary === undefined ? {} : { summary }),
    kind: stream ? 'stream' : 'unary',
    ...(takes.length === 0 ? {} : { takes }),
    ...(scope === undefined ? {} : { scope }),
    ...(idempotent === undefined ? {} : { idempotent: true }),
    input,
    output,
  };
}

export type OfferedFunction = {
  readonly offered: Function;
  readonly summary: string | undefined;
  readonly scope: string | undefined;
};

/** Of a function of a plain object. */
export function describeFunction(name: string, { offered, summary, scope }: OfferedFunction): MethodDescription {
  return {
    method: name,
    ...(summary === undefined ? {} : { summary }),
    kind: kindOf(offered),
    ...(scope === undefined ? {} : { scope }),
    arity: offered.length,
  };
}

/** The methods of a contract in its order, as they would be offered under the name `service`. */
export function describeService(service: string, contract: Contract): Promise<readonly MethodDescription[]> {
  return Promise.all(Object.entries(contract).map(([verb, method]) => describeMethod(`${service}.${verb}`, method)));
}

function kindOf(offered: Function): MethodDescription['kind'] {
  switch (Object.prototype.toString.call(offered)) {
    case '[object AsyncGeneratorFunction]':
      return 'stream';
    case '[object AsyncFunction]':
      return 'unary';
    default:
      return 'unknown';
  }
}
