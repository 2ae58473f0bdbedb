import { expect, test } from 'vitest';
import { formatTarget, parseServiceTarget, parseTarget, type Target } from './target.ts';

test('a target is an address with the name of a service behind it', () => {
  const check = (text: string, expected: Target): void => expect(parseTarget(text)).toEqual(expected);
  const at = (address: string, service?: string): Target => ({ kind: 'address', address, service });
  check('tcp://127.0.0.1:7701/math', at('tcp://127.0.0.1:7701', 'math'));
  check('tcp://[::1]:7701/config-store', at('tcp://[::1]:7701', 'config-store'));
  check('tcp://host.example:7701', at('tcp://host.example:7701'));
  check('ipc:///run/x.sock/math', at('ipc:///run/x.sock', 'math'));
  check('ipc:///run/x.sock', at('ipc:///run/x.sock'));
  check('ipc://@plumb/math', at('ipc://@plumb', 'math'));
  check('ipc://@plumb', at('ipc://@plumb'));
  check('registry:math', { kind: 'registry', service: 'math' });
});

test('what is not a target is refused with what to write instead', () => {
  const check = (text: string, message: string): void => {
    expect(() => parseTarget(text)).toThrow(
      expect.objectContaining({ code: 'invalid', message: expect.stringContaining(message) }),
    );
  };
  const advice = 'write tcp://127.0.0.1:7701/NAME, ipc:///path/x.sock/NAME or registry:NAME';
  check('', `"" is not a target: it has no address: ${advice}`);
  check('math', `"math" is not a target: it has no address: ${advice}`);
  check('http://127.0.0.1:1/math', `it has no address: ${advice}`);
  check('tcp://127.0.0.1:7701/', `"" is not the name of a service: ${advice}`);
  check('tcp://127.0.0.1/math', '"tcp://127.0.0.1" is not an address: write tcp://127.0.0.1:7701 or');
  check('tcp://127.0.0.1:7701/a.b', '"a.b" is not the name of a service');
  check('tcp://127.0.0.1:7701/a/b', 'is not an address');
  check(`ipc:///${'a'.repeat(200)}/math`, "a unix socket's path has at most 107 bytes");
  check('registry:', '"" is not the name of a service');
  check('registry:a/b', '"a/b" is not the name of a service');
});

test('a target that has to name its service says so', () => {
  expect(parseServiceTarget('ipc:///run/x.sock/math').service).toBe('math');
  expect(parseServiceTarget('registry:math').service).toBe('math');
  expect(() => parseServiceTarget('tcp://127.0.0.1:7701')).toThrow('it names no service: write tcp://');
});

test('what is formatted is read back', () => {
  for (const address of ['tcp://127.0.0.1:1', 'ipc:///a/b.sock', 'tcp://[::1]:2']) {
    expect(parseTarget(formatTarget(address, 'math'))).toEqual({ kind: 'address', address, service: 'math' });
  }
});
