/** Who runs which revision, as the running processes say. In memory: they say it again when they connect again. */
import type { Clock } from '@plumb/base';

/** Instances that are remembered of an application; beyond it the one that was silent longest is forgotten. */
const INSTANCES_MAX = 10_000;

export type Report = { readonly instance: string; readonly revision: number; readonly at: number };

export class Convergence {
  readonly #clock: Clock;
  readonly #reports = new Map<string, Map<string, Report>>();
  /** How many watches an instance has open, by application and instance; those that have none are not held. */
  readonly #watchCounts = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  report(application: string, instance: string, revision: number): void {
    const reports = this.#reports.get(application) ?? new Map<string, Report>();
    this.#reports.set(application, reports);
    reports.delete(instance);
    reports.set(instance, { instance, revision, at: this.#clock.now() });
    const oldest = reports.keys().next().value;
    if (reports.size > INSTANCES_MAX && oldest !== undefined) reports.delete(oldest);
  }

  watchBegins(application: string, instance: string): void {
    const id = `${application}/${instance}`;
    this.#watchCounts.set(id, (this.#watchCounts.get(id) ?? 0) + 1);
  }

  /** With the last watch goes what the instance said. One that came back may do so before its lost connection is noticed. */
  watchEnds(application: string, instance: string): void {
    const id = `${application}/${instance}`;
    const left = (this.#watchCounts.get(id) ?? 1) - 1;
    if (left > 0) {
      this.#watchCounts.set(id, left);
      return;
    }
    this.#watchCounts.delete(id);
    this.#reports.get(application)?.delete(instance);
  }

  list(application: string): Report[] {
    return [...(this.#reports.get(application)?.values() ?? [])].sort((a, b) => a.instance.localeCompare(b.instance));
  }
}
