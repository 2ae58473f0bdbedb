/**
 * Deployment: brings what runs on this host in line with the desired state, and keeps it so. On start everything that
 * was deployed is brought up again; a deploy does the difference.
 */
import { killOrphans } from '@plumb/supervise';
import type { DeployHandlers } from './contract.ts';
import type { DeployDependencies } from './dependencies.ts';
import { DeployService } from './deploy-service.ts';

export type { DeployDependencies, InstanceAccess, JournalNote } from './dependencies.ts';
export { MANIFEST_FILE, readManifest } from './read-manifest.ts';
export { READY_TIMEOUT_MS } from './wait-for-ready.ts';

export type Deploy = AsyncDisposable & { readonly handlers: DeployHandlers };

/**
 * Ends what an earlier, killed run left behind, then starts everything that is deployed; does not wait until it is
 * ready. Disposing it stops every unit within 4 s; the desired state stays.
 * @throws OperatingError `unavailable` when a left-over process cannot be ended.
 */
export async function openDeploy(dependencies: DeployDependencies): Promise<Deploy> {
  const { clock, log, owner } = dependencies;
  await killOrphans(owner, { clock, log });
  const service = new DeployService(dependencies);
  await service.resume();
  return { handlers: service.handlers(), [Symbol.asyncDispose]: () => service.close() };
}
