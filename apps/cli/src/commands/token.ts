import { nearestWord } from '@plumb/base';
import { contracts } from '@plumb/plumbd/clients';
import { doorScopes } from '@plumb/registry';
import type { Contract } from '@plumb/rpc';
import { type Command, duration, refuseMore, requireWord, text, UsageError } from '../command.ts';
import { formatAge, formatDateTime } from '../format-age.ts';
import { formatTable } from '../style.ts';

export const tokenCreate: Command = {
  name: 'token create',
  summary: 'Make a token for a program. It is shown once.',
  usage: 'NAME SCOPE…',
  details:
    'A scope is SERVICE:VERB, such as config:read, deploy:write, metrics:*, *:read or * for everything; with :PATH behind it, such as consul-kv:read:app/, for what begins with that. With --key nothing is shown: whoever holds the other half of the key is NAME, over RPC.',
  examples: [
    'plumb token create grafana metrics:read',
    'plumb token create ci deploy:write config:read --ttl 1h',
    'plumb token create shop registry:register:shop consul-kv:*:shop/',
    "plumb token create indexer config:read --key='Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID'",
  ],
  flags: {
    key: { type: 'string', value: 'PUBLIC', help: 'the public half of a key pair, from "plumb token keys"' },
    ttl: {
      type: 'string',
      value: 'TIME',
      help: 'how long it is good for, such as 1h or 30d (default: until it is revoked)',
    },
  },
  async run(words, flags, { connect, out, err, json, isJson }) {
    const name = requireWord(words, 0, 'NAME');
    requireWord(words, 1, 'SCOPE');
    const scopes = words.slice(1);
    scopes.forEach(requireScope);
    const ttlMs = duration(flags, 'ttl');
    const publicKey = text(flags, 'key');
    const { identity } = await connect();
    if (publicKey !== undefined) {
      const registered = await identity.registerKey({ name, scopes, publicKey, ttlMs });
      if (isJson) json(registered);
      else out(`who holds ${publicKey} is ${name}`);
      return 0;
    }
    const created = await identity.createToken({ name, scopes, ttlMs });
    if (isJson) {
      json(created);
      return 0;
    }
    err('keep it now, it is not shown again:');
    out(created.token);
    return 0;
  },
};

/** A token for what nobody offers would be refused everywhere, one day. @throws UsageError. */
function requireScope(scope: string): void {
  if (scope === '*') return;
  const [service = '', verb = ''] = scope.split(':');
  const ofServices = Object.entries<Contract>(contracts).map(([name, contract]) => {
    const verbs = Object.values(contract).flatMap(({ scope: needed }) => needed?.split(':')[1] ?? []);
    return { name, verbs: new Set(verbs) };
  });
  const ofDoors = Object.entries(doorScopes).map(([name, verbs]) => ({ name, verbs: new Set(verbs) }));
  const known = [...ofServices, ...ofDoors];
  const chosen = known.filter(
    ({ name, verbs }) => (service === '*' || service === name) && (verb === '*' || verbs.has(verb)),
  );
  if (chosen.length > 0) return;
  const all = known.flatMap(({ name, verbs }) => [...verbs].map((one) => `${name}:${one}`));
  const near = nearestWord(scope, [...all, ...known.map(({ name }) => `${name}:*`)]);
  throw new UsageError(
    `no service asks for the scope "${scope}": ${near === undefined ? `use some of ${all.join(', ')}, SERVICE:*, *:read or *` : `did you mean "${near}"?`}`,
  );
}

export const tokenList: Command = {
  name: 'token list',
  summary: 'List tokens, what they may do, and when they were last used.',
  usage: '',
  examples: ['plumb token list', 'plumb token list --json'],
  flags: {},
  async run(words, _flags, { connect, out, err, json, isJson, style, now }) {
    refuseMore(words, 0);
    const tokens = await (await connect()).identity.tokens({});
    if (isJson) {
      json(tokens);
    } else if (tokens.length === 0) {
      err('there are no tokens: make one with "plumb token create NAME SCOPE"');
    } else {
      const rows = tokens.map(({ name, scopes, createdAt, expiresAt, lastUsedAt }) => [
        name,
        scopes.join(' '),
        formatAge(createdAt, now()),
        expiresAt === undefined ? 'never' : formatDateTime(expiresAt),
        lastUsedAt === undefined ? '-' : formatAge(lastUsedAt, now()),
      ]);
      out(formatTable(['NAME', 'SCOPES', 'MADE', 'ENDS', 'LAST USED'], rows, style));
    }
    return 0;
  },
};

export const tokenRevoke: Command = {
  name: 'token revoke',
  summary: 'End a token at once.',
  usage: 'NAME',
  examples: ['plumb token revoke grafana'],
  flags: {},
  async run(words, _flags, { connect, out, json, isJson }) {
    const name = requireWord(words, 0, 'NAME');
    refuseMore(words, 1);
    await (await connect()).identity.revokeToken({ name });
    if (isJson) json({ name });
    else out(`the token ${name} is revoked`);
    return 0;
  },
};

export const tokenLink: Command = {
  name: 'token link',
  summary: 'Print a link that signs one browser in to the console, once.',
  usage: '',
  examples: ['plumb token link'],
  flags: {},
  async run(words, _flags, { connect, out, json, isJson }) {
    refuseMore(words, 0);
    const link = await (await connect()).identity.createSignInLink({});
    if (isJson) json(link);
    else out(link.url);
    return 0;
  },
};
