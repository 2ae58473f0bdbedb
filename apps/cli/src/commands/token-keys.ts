import { generateKeyPair } from '@plumb/rpc/node';
import { type Command, refuseMore } from '../command.ts';

export const tokenKeys: Command = {
  name: 'token keys',
  summary: 'Make a key pair for a program that calls Plumb from elsewhere. Needs no plumbd.',
  usage: '',
  details:
    'The secret half stays where it is made, as PLUMB_CURVE_KEY; the public half goes to "token create --key". Keys contain characters that a shell reads: quote them with \'.',
  examples: ['plumb token keys', 'plumb token keys --json'],
  flags: {},
  async run(words, _flags, { out, json, isJson }) {
    refuseMore(words, 0);
    const keys = generateKeyPair();
    if (isJson) {
      json(keys);
    } else {
      out(`public ${keys.publicKey}`);
      out(`secret ${keys.secretKey}`);
    }
    return 0;
  },
};
