import type { Application, Instance, Service } from '@plumb/registry';
import { formatCount, Status } from '@plumb/ui';
import type { ComponentChildren, JSX } from 'preact';
import { applicationPath } from '../router.ts';
import { isPageAddress, type ServiceRow } from '../store/dictionary.ts';
import { healthWord } from '../store/unit-status.ts';
import { Since } from './ago.tsx';
import { UsedBy } from './used-by.tsx';

/** One service: what is declared of it beside what is seen, then its instances, then who uses it. */
export function ServiceCard({ row }: { readonly row: ServiceRow }): JSX.Element {
  const { name, application, about, declared, instances, users } = row;
  return (
    <article class="card service-card" aria-label={name} id={name}>
      <header class="card-head">
        <h2>{name}</h2>
        {declared === undefined ? (
          <span class="tag is-warn">not declared</span>
        ) : (
          <span class="tag">{declared.protocol}</span>
        )}
        {about === undefined ? (
          <span class="card-meta soft">{application}</span>
        ) : (
          <a class="link card-meta" href={applicationPath(application)}>
            {application}
          </a>
        )}
      </header>
      <dl class="service-facts">
        <Fact term="Declared">{declared === undefined ? 'nowhere' : describeDeclared(declared)}</Fact>
        <Fact term="Seen">{describeSeen(instances)}</Fact>
        {declared !== undefined && declared.needs.length > 0 && <Fact term="Needs">{declared.needs.join(', ')}</Fact>}
        {about !== undefined && <About about={about} />}
      </dl>
      {instances.length > 0 && (
        <ul class="rows">
          {instances.map((instance) => (
            <InstanceRow key={instance.id} instance={instance} />
          ))}
        </ul>
      )}
      <UsedBy users={users} owner={application} />
    </article>
  );
}

function About({ about: { owner, repository, links = {}, tags = [] } }: { readonly about: Application }): JSX.Element {
  const addresses = Object.entries(links);
  if (repository !== undefined) addresses.unshift(['Repository', repository]);
  return (
    <>
      {owner !== undefined && <Fact term="Owner">{owner}</Fact>}
      {addresses.length > 0 && (
        <Fact term="Links">
          {addresses.map(([title, address]) => (
            <Address key={title} title={title} address={address} />
          ))}
        </Fact>
      )}
      {tags.length > 0 && (
        <Fact term="Tags">
          {tags.map((tag) => (
            <span key={tag} class="tag">
              {tag}
            </span>
          ))}
        </Fact>
      )}
    </>
  );
}

/** A link where a browser opens it as a page. */
function Address({ title, address }: { readonly title: string; readonly address: string }): JSX.Element {
  if (!isPageAddress(address)) return <span title={address}>{title}</span>;
  return (
    <a class="link" href={address} target="_blank" rel="noreferrer">
      {title}
    </a>
  );
}

function Fact({ term, children }: { readonly term: string; readonly children: ComponentChildren }): JSX.Element {
  return (
    <div>
      <dt class="faint">{term}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function InstanceRow({ instance }: { readonly instance: Instance }): JSX.Element {
  const { address, port, host, zone, health, startedAt, id } = instance;
  return (
    <li class="instance-row">
      <Status {...healthWord(health.state)} />
      <code>
        {address}:{port}
      </code>
      <span class="soft">{zone === undefined ? host : `${host}, ${zone}`}</span>
      <span class="soft">
        up <Since at={startedAt} />
      </span>
      <code class="faint ellipsis">{id}</code>
      {health.state !== 'ready' && health.reason !== undefined && <p class="instance-reason soft">{health.reason}</p>}
    </li>
  );
}

function describeDeclared({ port, healthCheck }: Service): string {
  const where = port === undefined || port === 'auto' ? 'any free port' : `port ${port}`;
  if (healthCheck === undefined) return where;
  const { kind, path, periodMs } = healthCheck;
  const question = kind === 'http' ? `GET ${path ?? '/'}` : 'a TCP connection';
  return `${where}, asked by ${question} every ${periodMs / 1_000}\u00a0s`;
}

function describeSeen(instances: readonly Instance[]): string {
  if (instances.length === 0) return 'no instance, so nobody is sent here';
  const readyCount = instances.filter(({ health }) => health.state === 'ready').length;
  const hostCount = new Set(instances.map(({ host }) => host)).size;
  return `${readyCount} of ${formatCount(instances.length, 'instance')} ready on ${formatCount(hostCount, 'host')}`;
}
