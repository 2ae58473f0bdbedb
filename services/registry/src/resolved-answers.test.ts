import { expect, test } from 'vitest';
import type { Instance } from './dictionary-schemas.ts';
import { RegistryView } from './registry-view.ts';
import { ANSWER_BYTES_MAX, ANSWERS_BYTES_MAX, ResolvedAnswers } from './resolved-answers.ts';

const instance = (id: string, extra: Partial<Instance> = {}): Instance => ({
  id,
  service: 'web',
  application: 'shop',
  component: 'web',
  host: 'h1',
  address: '127.0.0.1',
  port: 4_000,
  release: 'r1',
  startedAt: 1,
  health: { state: 'ready', sinceAt: 1 },
  ...extra,
});

type World = { readonly answers: ResolvedAnswers; readonly put: (...instances: Instance[]) => void };

function createWorld(): World {
  const view = new RegistryView();
  let revision = 0;
  const removed = { applications: [], services: [], instances: [] };
  return {
    answers: new ResolvedAnswers(view),
    put(...instances) {
      revision += 1;
      view.apply({ kind: 'change', revision, applications: [], services: [], instances, removed });
    },
  };
}

const question = (service: string, host?: string) => ({ service, includeUnready: false, near: { host } });

test('the same question has the same answer, made once, until the service changes', () => {
  const { answers, put } = createWorld();
  put(instance('a'), instance('b', { host: 'h2' }));
  const first = answers.get(question('web'));
  expect(first.value).toMatchObject({ revision: 1, instances: [{ id: 'a' }, { id: 'b' }] });
  put(instance('x', { service: 'other' }));
  expect(answers.get(question('web'))).toBe(first);
  expect(answers.get(question('web', 'h2')).value.instances.map(({ id }) => id)).toEqual(['b', 'a']);

  put(instance('a', { health: { state: 'unready', sinceAt: 2 } }));
  expect(answers.get(question('web')).value).toMatchObject({ revision: 3, instances: [{ id: 'b' }] });
  expect(answers.get({ ...question('web'), includeUnready: true }).value.instances).toHaveLength(2);
});

test('what is kept is bounded, by its size and not by its number', () => {
  const { answers, put } = createWorld();
  const facts = Object.fromEntries(Array.from({ length: 64 }, (_, i) => [`f${i}`, 'x'.repeat(2_000)]));
  put(...Array.from({ length: 4 }, (_, i) => instance(`i${i}`, { facts })));
  let greatest = 0;
  for (let i = 0; i < 500; i += 1) {
    answers.get(question('web', `host-${i}`));
    greatest = Math.max(greatest, answers.sizeBytes);
  }
  expect(greatest).toBeGreaterThan(ANSWERS_BYTES_MAX / 2);
  expect(greatest).toBeLessThanOrEqual(ANSWERS_BYTES_MAX);

  const before = answers.sizeBytes;
  put(...Array.from({ length: 20 }, (_, i) => instance(`big${i}`, { service: 'big', facts })));
  const { sizeBytes } = answers.get(question('big'));
  expect(sizeBytes).toBeGreaterThan(ANSWER_BYTES_MAX);
  expect(answers.sizeBytes).toBe(before);
});
