import { OperatingError } from '@plumb/base';
import { type CallableDescription, type CallOptions, type Connection, createClient, rpcContract } from '@plumb/rpc';
import { parseTarget } from '@plumb/rpc/node';
import {
  type Command,
  duration,
  type ExitCode,
  type Flags,
  refuseMore,
  requireWord,
  text,
  UsageError,
} from '../command.ts';
import { formatMethod, formatMethods, formatServices, serviceOf } from '../format-description.ts';
import { plainJson } from '../plain-json.ts';
import type { Shell } from '../shell.ts';

export const call: Command = {
  name: 'call',
  summary: 'Call any method of any service, or show what can be called.',
  usage: '[SERVICE.METHOD [JSON | -]]',
  details: [
    'Alone it lists the services. JSON is the input: an object, or a list of arguments where a plain object is served; - reads',
    'it from standard input. Streams print one document a line. With --at it asks another server than plumbd, as the holder of',
    'the secret key in --key-file or $PLUMB_CURVE_KEY, or of $PLUMB_TOKEN.',
  ].join('\n'),
  examples: [
    'plumb call config --describe',
    'plumb call config.set --describe',
    `plumb call registry.resolve '{"service":"tipjar-web"}'`,
    `plumb call deploy.watch   # streams print one document a line`,
    `plumb call add '[1, 2]' --at tcp://127.0.0.1:41231/math --server-key "$KEY" --key-file my.key`,
  ],
  flags: {
    describe: { type: 'boolean', help: 'show how SERVICE, or SERVICE.METHOD, is called instead of calling it' },
    at: {
      type: 'string',
      value: 'TARGET',
      help: 'the server: tcp://HOST:PORT, ipc:///PATH, either with /SERVICE, or registry:SERVICE (default: plumbd)',
    },
    'server-key': { type: 'string', value: 'KEY', help: 'the public key that the server of --at must hold' },
    'key-file': { type: 'string', value: 'FILE', help: 'our own secret key for --at, on one line' },
    timeout: { type: 'string', value: 'TIME', help: 'how long to wait for the answer, such as 30s (default: 10s)' },
  },
  async run(words, flags, shell) {
    refuseMore(words, 2);
    const timeoutMs = duration(flags, 'timeout');
    const options = { signal: shell.signal, ...(timeoutMs !== undefined && { timeoutMs }) };
    const service = serviceAt(flags);
    const [first, second] = words;
    if (flags['describe'] === true || first === undefined) {
      const name = first !== undefined ? within(service, first) : flags['describe'] === true ? service : undefined;
      const connection = await open(flags, shell);
      await printDescription(connection, second === undefined ? name : `${name}.${second}`, { shell, options });
      return 0;
    }
    const method = within(service, requireWord(words, 0, 'SERVICE.METHOD'));
    const given = second === undefined ? undefined : parseInput(second === '-' ? await shell.readInput() : second);
    return printAnswer(await open(flags, shell), { method, given }, { shell, options });
  },
};

type Context = { readonly shell: Shell; readonly options: CallOptions };

async function printDescription(connection: Connection, name: string | undefined, context: Context): Promise<void> {
  const { shell, options } = context;
  const rpc = createClient(rpcContract, 'rpc', connection);
  // A name without a dot is a service; one that is none is told apart by the server, which knows what is near.
  const filter = name === undefined ? {} : name.includes('.') ? { method: name } : { service: name };
  const answer = await rpc.describe(filter, options).catch((error: unknown) => {
    if (!isUndescribed(error)) throw error;
    throw new OperatingError('not-found', 'this server does not say what it offers: ask those who run it', {
      cause: error,
    });
  });
  const { methods } = answer;
  const { out, err, json, isJson, style } = shell;
  const [only] = methods;
  if (isJson) json(answer);
  else if (name === undefined) {
    out(formatServices(methods, style));
    err('how one is called: "plumb call SERVICE --describe"');
  } else if (only !== undefined && name.includes('.')) out(formatMethod(only, style));
  else out(formatMethods(methods, style));
}

async function printAnswer(
  connection: Connection,
  { method, given }: { readonly method: string; readonly given: Input | undefined },
  { shell, options }: Context,
): Promise<ExitCode> {
  const { kind, arity } = await describeOne(connection, method, options);
  const input = given === undefined ? (arity === undefined ? {} : []) : given.value;
  const printItems = async (items: AsyncIterable<unknown>): Promise<void> => {
    for await (const item of items) {
      if (shell.signal.aborted) break;
      shell.json(plainJson(item), { isLine: true });
    }
  };
  const printValue = (value: unknown): void =>
    shell.json(plainJson(value), { isLine: shell.isJson || !shell.isTerminal });
  try {
    if (kind === 'unary') printValue(await connection.call(method, input, options));
    else if (kind === 'stream') await printItems(connection.stream(method, input, options));
    else {
      const answer = await connection.ask(method, input, options);
      if (answer.kind === 'value') printValue(answer.value);
      else await printItems(answer.items);
    }
    return 0;
  } catch (error) {
    if (!shell.signal.aborted || kind === 'stream') throw error;
    // A stream is read for as long as a person wants to. What was asked once was not done, which a script has to know.
    shell.err(`${shell.style.red('✖')} ${method} was interrupted: it may or may not have run`);
    return 1;
  }
}

/** What is needed to call it. @throws OperatingError `not-found` with the nearest name. */
async function describeOne(
  connection: Connection,
  method: string,
  options: CallOptions,
): Promise<Pick<CallableDescription, 'kind' | 'arity'>> {
  try {
    const { methods } = await createClient(rpcContract, 'rpc', connection).describe({ method }, options);
    return methods[0] ?? { kind: 'unknown' };
  } catch (error) {
    // The answer shows it then.
    if (isUndescribed(error)) return { kind: 'unknown' };
    throw error;
  }
}

/** Whether a server, or its policy, keeps to itself what it offers. */
function isUndescribed(error: unknown): boolean {
  return (
    error instanceof OperatingError &&
    (error.code === 'not-found' || error.code === 'denied') &&
    error.details?.['method'] === 'rpc.describe'
  );
}

async function open(flags: Flags, shell: Shell): Promise<Connection> {
  const target = text(flags, 'at');
  const [serverKey, keyFile] = [text(flags, 'server-key'), text(flags, 'key-file')];
  if (target !== undefined) return shell.dial({ target, serverKey, keyFile });
  for (const flag of ['server-key', 'key-file'])
    if (text(flags, flag) !== undefined) throw new UsageError(`--${flag} is of another server: name it with --at`);
  return shell.dial();
}

/** The service that `--at` names, which names without it are within. */
function serviceAt(flags: Flags): string | undefined {
  const target = text(flags, 'at');
  if (target === undefined) return undefined;
  try {
    return parseTarget(target).service;
  } catch (error) {
    throw error instanceof OperatingError ? new UsageError(`--at: ${error.message}`) : error;
  }
}

function within(service: string | undefined, name: string): string {
  const isWhole = service === undefined || serviceOf(name) === service || name.startsWith('rpc.');
  return isWhole ? name : `${service}.${name}`;
}

type Input = { readonly value: unknown };

function parseInput(given: string): Input {
  try {
    return { value: JSON.parse(given) };
  } catch (error) {
    throw new UsageError(`the input is not JSON: ${(error as Error).message}`);
  }
}
