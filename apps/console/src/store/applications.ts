/** What runs: the state of `deploy.watch`, by application. */
import type { ApplicationStatus, DeployEvent } from '@plumb/deploy';

export type Applications = ReadonlyMap<string, ApplicationStatus>;

/** The state after `event`. A snapshot replaces all. */
export function applyDeployEvent(applications: Applications | undefined, event: DeployEvent): Applications {
  switch (event.kind) {
    case 'snapshot':
      return sorted(event.applications.map((application) => [application.name, application]));
    case 'change':
      return sorted([...(applications ?? []), [event.application.name, event.application]]);
    case 'removed':
      return sorted([...(applications ?? [])].filter(([name]) => name !== event.name));
  }
}

/** By name; of two with one name the latter stays. */
function sorted(entries: readonly (readonly [string, ApplicationStatus])[]): Applications {
  return new Map([...new Map(entries)].sort(([a], [b]) => a.localeCompare(b)));
}
