import { Empty, formatCount, Skeleton } from '@plumb/ui';
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { Ago } from '../components/ago.tsx';
import { ConfigChangeSets } from '../components/config-change-sets.tsx';
import { ConfigCompare } from '../components/config-compare.tsx';
import { ConfigInstances, InstancesStatus } from '../components/config-instances.tsx';
import { ConfigPlaceBar } from '../components/config-place-bar.tsx';
import { ConfigProposals, useProposals } from '../components/config-proposals.tsx';
import { ConfigValues } from '../components/config-values.tsx';
import { useConsole, useRunning } from '../components/console-context.ts';
import { useAnswer } from '../components/use-answer.ts';
import { CONFIG_TABS, configPath, type ConfigTab } from '../router.ts';
import { createConfigPulse, followConfigParts } from '../store/config-follow.ts';
import { readPlace } from '../store/config-place.ts';

export type ConfigPageProps = { readonly name: string | undefined; readonly tab: ConfigTab };

/** Configuration: what is in force where, what it was, who runs it. */
export function ConfigPage({ name, tab }: ConfigPageProps): JSX.Element {
  return name === undefined ? <ConfigApplications /> : <ConfigOf key={name} name={name} tab={tab} />;
}

/** Which applications have configuration. */
function ConfigApplications(): JSX.Element {
  const { api } = useConsole();
  const { value: entries, fault } = useAnswer((signal) => api.config.list({}, { signal }), 'all');
  const groups = entries && [...Map.groupBy(entries, ({ application }) => application)];
  return (
    <>
      <header class="page-head">
        <div>
          <h1 tabIndex={-1}>Configuration</h1>
          <p class="soft">What applications are told: by plumb.yaml, and by people over it.</p>
        </div>
      </header>
      {fault !== undefined && (
        <div class="card">
          <Empty title="The configuration cannot be read">{fault}</Empty>
        </div>
      )}
      {groups === undefined && fault === undefined && <Skeleton class="card application-skeleton" lines={4} />}
      {groups?.length === 0 && (
        <div class="card">
          <Empty title="Nothing is configured yet" command="plumb config set APPLICATION.KEY VALUE">
            Values come from “config” in plumb.yaml, or are set here or in a terminal:
          </Empty>
        </div>
      )}
      {groups !== undefined && groups.length > 0 && (
        <ul class="card config-applications">
          {groups.map(([application, own]) => {
            const last = own.toSorted((a, b) => b.at - a.at)[0];
            const setCount = own.filter(({ layer }) => layer !== 'manifest').length;
            return (
              <li key={application}>
                <a href={configPath(application)}>
                  <b>{application}</b>
                  <span class="soft">{formatCount(own.length, 'key')}</span>
                  <span class="soft">{setCount > 0 && `${setCount} set here`}</span>
                  <span class="faint">
                    {last !== undefined && (
                      <>
                        changed <Ago at={last.at} />
                      </>
                    )}
                  </span>
                </a>
              </li>
            );
          })}
        </ul>
      )}
    </>
  );
}

const TAB_WORDS: Readonly<Record<ConfigTab, string>> = {
  values: 'Values',
  changes: 'Changes',
  compare: 'Compare',
  instances: 'Instances',
};

function ConfigOf({ name, tab }: { readonly name: string; readonly tab: ConfigTab }): JSX.Element {
  const { store, api, world } = useConsole();
  const pulse = useMemo(createConfigPulse, []);
  useRunning((stop) => followConfigParts(pulse, api, { application: name, world, stop }), [pulse]);
  const layers = useAnswer((signal) => api.config.layers({ application: name }, { signal }), name, [
    pulse.values.value,
  ]);
  const proposals = useProposals(name, pulse);
  const wanted = readPlace(new URLSearchParams(store.search.value));
  const place = { ...wanted, environment: wanted.environment ?? layers.value?.environment };
  const shared = { application: name, pulse, place };
  return (
    <>
      <header class="page-head">
        <div>
          <p class="crumb">
            <a href="/config">Configuration</a>
          </p>
          <h1 tabIndex={-1}>{name}</h1>
          <InstancesStatus {...shared} />
        </div>
        {layers.value !== undefined && <ConfigPlaceBar layers={layers.value} place={place} />}
      </header>
      {(pulse.refused.value ?? layers.fault) !== undefined && (
        <div class="card">
          <Empty title="The configuration cannot be read">{pulse.refused.value ?? layers.fault}</Empty>
        </div>
      )}
      <div class="tabs">
        <nav aria-label={`Parts of the configuration of ${name}`}>
          {CONFIG_TABS.map((one) => (
            <a
              key={one}
              href={`${configPath(name, one)}${placeSearch(store.search.value)}`}
              aria-current={one === tab ? 'page' : undefined}
            >
              {TAB_WORDS[one]}
              {one === 'changes' && proposals !== undefined && proposals.length > 0 && (
                <b class="tab-count" aria-label={`${proposals.length} to approve`}>
                  {proposals.length}
                </b>
              )}
            </a>
          ))}
        </nav>
      </div>
      {layers.value === undefined ? (
        layers.fault === undefined && <Skeleton class="card application-skeleton" lines={6} />
      ) : (
        <>
          {tab === 'values' && <ConfigValues {...shared} layers={layers.value.layers} />}
          {tab === 'changes' && (
            <>
              <ConfigProposals proposals={proposals} />
              <ConfigChangeSets {...shared} />
            </>
          )}
          {tab === 'compare' && <ConfigCompare {...shared} layers={layers.value.layers} />}
          {tab === 'instances' && <ConfigInstances {...shared} />}
        </>
      )}
    </>
  );
}

/** The place stays when one goes to another part; the key that is open does not. */
function placeSearch(search: string): string {
  const params = new URLSearchParams(search);
  params.delete('key');
  const text = params.toString();
  return text === '' ? '' : `?${text}`;
}
