import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AlertMemory } from './alert-machine.ts';
import { RESOLVE_HOLD_MS } from './alert-machine.ts';
import type { Incident } from './contract.ts';
import { evaluate, type OutboxItem } from './evaluation.ts';
import { type Finding, type RuleName, RULES } from './rules.ts';

const RULE_NAMES = Object.keys(RULES) as RuleName[];
const SUBJECTS = ['a/web', 'a/chain'];
const CONDITIONS = SUBJECTS.flatMap((subject) => RULE_NAMES.map((rule) => ({ rule, subject })));

// Goal: whatever comes and goes, nobody is told twice of one incident, nor of trouble that did not last; and no subject has
// two incidents at a time. Method: random conditions over random times, restarts in between (all that is not kept is lost).
test('one incident a subject at a time, one message a recipient when it opens, and none for what did not last', () => {
  const step = fc.record({
    waitMs: fc.constantFrom(0, 1_000, 9_000, 10_000, 29_999, 30_000, 60_000),
    holds: fc.subarray(CONDITIONS),
    restarts: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      let now = 0;
      let count = 0;
      let memories: ReadonlyMap<string, AlertMemory> = new Map();
      const incidents = new Map<string, Incident>();
      const outbox: OutboxItem[] = [];
      const heldSince = new Map<string, number>();
      for (const { waitMs, holds, restarts } of steps) {
        now += waitMs;
        if (restarts) {
          const kept = [...memories].filter(([, { alert }]) => alert.state !== 'pending');
          memories = new Map(kept.map(([id, { alert }]) => [id, { alert }]));
        }
        const findings = holds.map(({ rule, subject }): Finding => ({
          rule,
          subject,
          application: 'a',
          what: 'w',
          tried: 't',
          advice: 'd',
        }));
        const result = evaluate({
          now,
          findings,
          memories,
          incidents: [...incidents.values()].filter(({ state }) => state !== 'resolved'),
          recipients: [{ channel: 'email', to: 'x@example.org' }],
          outboxSize: 0,
          createId: () => `incident-${(count += 1)}`,
        });
        const names = new Set(holds.map(({ rule, subject }) => `${rule}/${subject}`));
        for (const name of names) if (!heldSince.has(name)) heldSince.set(name, now);
        for (const name of heldSince.keys()) if (!names.has(name)) heldSince.delete(name);

        memories = result.memories;
        for (const incident of result.incidents) incidents.set(incident.id, incident);
        outbox.push(...result.outbox);
        for (const { alert } of result.changed) {
          if (alert.state !== 'firing') continue;
          const lastedMs = now - (heldSince.get(alert.id) ?? now);
          expect(lastedMs).toBeGreaterThanOrEqual(RULES[alert.rule as RuleName].forMs);
        }
        const open = [...incidents.values()].filter(({ state }) => state !== 'resolved');
        expect(new Set(open.map(({ subject }) => subject)).size).toBe(open.length);
        for (const { alert } of memories.values()) {
          const isCovered = open.some(({ alerts }) => alerts.includes(alert.id));
          if (alert.state === 'firing') expect(isCovered).toBe(true);
        }
      }
      expect(outbox.map(({ id }) => id)).toEqual([...incidents.keys()].map((id) => `${id}-email`));

      // When all is well for long enough, everything ends.
      for (const at of [now + 1, now + 1 + RESOLVE_HOLD_MS]) {
        const input = { now: at, findings: [], memories, recipients: [], outboxSize: 0, createId: () => 'none' };
        const result = evaluate({
          ...input,
          incidents: [...incidents.values()].filter(({ state }) => state !== 'resolved'),
        });
        memories = result.memories;
        for (const incident of result.incidents) incidents.set(incident.id, incident);
      }
      expect([...incidents.values()].every(({ state }) => state === 'resolved')).toBe(true);
    }),
  );
});
