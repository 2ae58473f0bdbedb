/** Units and applications for tests. */
import type { ApplicationStatus, UnitStatus } from '@plumb/deploy';

export function testUnit(unit: string, more: Partial<UnitStatus> = {}): UnitStatus {
  const [application = '', component = ''] = unit.split('/');
  return {
    unit,
    application,
    component,
    kind: 'process',
    state: 'running',
    health: { state: 'ready', sinceAt: 1 },
    release: 'sha256:1',
    restartsRecent: 0,
    restartsTotal: 0,
    ...more,
  };
}

export function testApplication(name: string, units: readonly UnitStatus[]): ApplicationStatus {
  return { name, environment: 'dev', release: 'sha256:1', directory: '/app', deployedAt: 1, units: [...units] };
}
