import { type Command, refuseMore, requireWord, UsageError } from '../command.ts';

export const call: Command = {
  name: 'call',
  summary: 'Call any method of any service with a JSON object.',
  usage: 'SERVICE.METHOD [JSON]',
  examples: [
    `plumb call registry.resolve '{"service":"tipjar-web"}'`,
    `plumb call deploy.watch '{}'   # streams print one document a line`,
  ],
  flags: {},
  async run(words, _flags, { connect, json, signal }) {
    const method = requireWord(words, 0, 'SERVICE.METHOD');
    refuseMore(words, 2);
    let input: unknown;
    try {
      input = JSON.parse(words[1] ?? '{}');
    } catch (error) {
      throw new UsageError(`the input is not JSON: ${(error as Error).message}`);
    }
    const services = await connect();
    for await (const item of services.call(method, input)) {
      if (signal.aborted) break;
      json(item, { isLine: true });
    }
    return 0;
  },
};
