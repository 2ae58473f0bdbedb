import { seededRandom, silentLog } from '@plumb/base';
import { createFakeClock, until } from '@plumb/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createTestDictionary, testChange, testInstance, testSnapshot } from '../../../test/dns/dns-world.ts';
import type { Instance } from '../../index.ts';
import { DnsView } from './dns-view.ts';
import { followRegistry } from './follow-registry.ts';

const labels = (view: Pick<DnsView, 'service'>, name: string): string[] | undefined =>
  view
    .service(name)
    ?.instances()
    .map((instance) => instance.name.labels[0] ?? '')
    .toSorted();

test('the view is known from the first snapshot on; while the watch is lost nothing is, and then all of it again', async () => {
  const clock = createFakeClock();
  const dictionary = createTestDictionary(undefined);
  await using following = followRegistry({
    registry: dictionary.registry,
    clock,
    random: seededRandom(1),
    log: silentLog,
  });
  const { source } = following;
  expect(source.revision()).toBeUndefined();
  await until('the watch', () => {
    dictionary.tell(testSnapshot(['web'], [testInstance('web', 'web-1')], 5));
    return source.revision() === 5;
  });
  expect(labels(source, 'web')).toEqual(['web-1']);

  dictionary.fail();
  await until('the loss', () => source.revision() === undefined);
  expect(source.service('web')).toBeUndefined();
  dictionary.tell(testSnapshot(['web'], [testInstance('web', 'web-2')], 9));
  await until('the watch again', async () => {
    await clock.advance(100);
    return source.revision() === 9;
  });
  expect(labels(source, 'web')).toEqual(['web-2']);
});

test('instances come when they are ready and go when they are not, with their service, or to another', () => {
  const view = new DnsView();
  const web1 = testInstance('web', 'web-1');
  view.apply(testSnapshot(['web', 'api'], [web1]));
  const check = (web: string[] | undefined, api: string[] | undefined): void =>
    expect([labels(view, 'web'), labels(view, 'api')]).toEqual([web, api]);
  check(['web-1'], []);
  view.apply(testChange(2, { puts: [{ ...web1, health: { state: 'unready', sinceAt: 2 } }] }));
  check([], []);
  view.apply(testChange(3, { puts: [web1, testInstance('web', 'web-2')] }));
  check(['web-1', 'web-2'], []);
  view.apply(testChange(4, { puts: [{ ...web1, service: 'api' }] }));
  check(['web-2'], ['web-1']);
  view.apply(testChange(5, { gone: ['web-2', 'web-9'], goneServices: ['web'] }));
  check(undefined, ['web-1']);
  expect(view.revision()).toBe(5);
  view.apply(testSnapshot(['web'], [], 6));
  check([], undefined);
  // Seen, and not declared: it is there all the same.
  view.apply(testChange(7, { puts: [testInstance('lost', 'lost-1')] }));
  expect(labels(view, 'lost')).toEqual(['lost-1']);
});

// Goal: whatever changes in whatever order, the view shows what a list of all instances shows that is read anew.
test('after any changes the view is what the whole dictionary is', () => {
  const id = fc.constantFrom('a', 'b', 'C', 'd.1', 'e');
  const put = fc.record({
    id,
    service: fc.constantFrom('web', 'api'),
    isReady: fc.boolean(),
    address: fc.constantFrom('10.0.0.1', '10.0.0.2', '::1', 'host', '::'),
  });
  const step = fc.oneof(put, fc.record({ gone: id }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const view = new DnsView();
      view.apply(testSnapshot(['web'], []));
      const all = new Map<string, Instance>();
      for (const [i, change] of steps.entries()) {
        if ('gone' in change) {
          all.delete(change.gone);
          view.apply(testChange(i, { gone: [change.gone] }));
        } else {
          const { id: instanceId, service, isReady, address } = change;
          const instance = testInstance(service, instanceId, {
            address,
            health: { state: isReady ? 'ready' : 'failed', sinceAt: 1 },
          });
          all.set(instanceId, instance);
          view.apply(testChange(i, { puts: [instance] }));
        }
        view.service('web')?.instances();
        view.service('api')?.addresses(4);
      }
      const fresh = new DnsView();
      fresh.apply(testSnapshot(['web'], [...all.values()]));
      for (const name of ['web', 'api', 'none']) {
        expect(labels(view, name)).toEqual(labels(fresh, name));
        for (const size of [4, 16] as const) {
          const addresses = (of: DnsView): string[] | undefined =>
            of.service(name)?.addresses(size).map(String).toSorted();
          expect(addresses(view)).toEqual(addresses(fresh));
        }
      }
    }),
  );
});
