import fs from 'node:fs';
import { test } from 'vitest';

/** Where Debian and the common distributions put the programs that tests need. */
const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  'nats-server': ['/usr/sbin/nats-server', '/usr/bin/nats-server', '/usr/local/bin/nats-server'],
  dig: ['/usr/bin/dig'],
  dnsmasq: ['/usr/sbin/dnsmasq', '/usr/local/sbin/dnsmasq'],
  haproxy: ['/usr/sbin/haproxy', '/usr/local/sbin/haproxy'],
  go: ['/usr/local/go/bin/go', '/usr/bin/go'],
  etcd: ['/usr/bin/etcd', '/usr/local/bin/etcd'],
  etcdctl: ['/usr/bin/etcdctl', '/usr/local/bin/etcdctl'],
  chromium: ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'],
};

/** The path of a program that a test needs, or undefined where the machine has none. */
export function findProgram(name: string): string | undefined {
  return PROGRAMS[name]?.find((file) => fs.existsSync(file));
}

/**
 * Declares one skipped test, with the reason printed, when `name` is absent, and says so; with `REQUIRE=name,…` (as CI
 * sets it) that test fails instead: a silently skipped test is a lie. `isPresent` is for what is more than a program.
 */
export function hasRequirement(name: string, how: string, isPresent = findProgram(name) !== undefined): boolean {
  if (isPresent) return true;
  const reason = `${name} is absent: ${how}`;
  const isRequired = (process.env['REQUIRE'] ?? '').split(',').includes(name);
  if (isRequired) {
    test(reason, () => {
      throw new Error(reason);
    });
  } else {
    test.skip(reason);
    process.stderr.write(`skipped: ${reason}\n`);
  }
  return false;
}
