/** What a deploy writes: the declaration, the manifest's layer of configuration, and the desired state. */
import { describeError } from '@plumb/base';
import type { Collection } from '@plumb/kv';
import type { Manifest } from '@plumb/manifest';
import type { Application } from '@plumb/registry';
import { registerRecipient } from './application-secrets.ts';
import { needsOf, servicesOf } from './component.ts';
import type { DeployDependencies } from './dependencies.ts';
import type { Desired } from './desired.ts';

type WriteDependencies = Pick<DeployDependencies, 'registry' | 'config' | 'dataDirectory' | 'clock' | 'log'>;
type Wanted = { readonly desired: Desired; readonly manifest: Manifest };

/** Tells dictionary and configuration what an application is, and whom its secrets are for. Safe to repeat. */
export async function declare({ desired, manifest }: Wanted, dependencies: WriteDependencies): Promise<void> {
  const { registry, config } = dependencies;
  const { name, environment, release, deployedAt } = desired;
  const application = {
    name,
    ...aboutOf(manifest),
    environment,
    release,
    declaredAt: deployedAt,
    needs: needsOf(manifest),
  };
  await registry.declare({ application, services: servicesOf(manifest) });
  await config.provision({ application: name, environment, values: { ...manifest.config } });
  await registerRecipient({ application: name, environment }, dependencies);
}

type About = Pick<Application, 'description' | 'owner' | 'repository' | 'links' | 'tags' | 'environments'>;

/** What is not said is absent. */
function aboutOf({ description, owner, repository, links, tags, environments }: Manifest): About {
  return {
    ...(description !== undefined && { description }),
    ...(owner !== undefined && { owner }),
    ...(repository !== undefined && { repository }),
    ...(Object.keys(links).length > 0 && { links: { ...links } }),
    ...(tags.length > 0 && { tags: [...tags] }),
    ...(environments.length > 0 && { environments: [...environments] }),
  };
}

/**
 * Writes everything that is wanted, or nothing: when a part is refused, such as a service name that another application
 * has, those before it are put back to `current`.
 */
export async function writeWanted(
  wanted: Wanted,
  current: Wanted | undefined,
  desired: Collection<Desired>,
  dependencies: WriteDependencies,
): Promise<void> {
  const { name } = wanted.desired;
  try {
    await declare(wanted, dependencies);
    await desired.put(name, wanted.desired);
  } catch (error) {
    const undone = current === undefined ? withdraw(name, dependencies) : declare(current, dependencies);
    await undone.catch((undoError: unknown) =>
      dependencies.log.error('deploy.undo-failed', { application: name, error: describeError(undoError) }),
    );
    throw error;
  }
}

async function withdraw(application: string, { registry, config }: WriteDependencies): Promise<void> {
  await registry.withdraw({ application });
  await config.provision({ application, values: {} });
}
