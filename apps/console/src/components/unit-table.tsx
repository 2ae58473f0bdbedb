import type { UnitStatus } from '@plumb/deploy';
import { formatSpan, formatWhole, Icon, Status } from '@plumb/ui';
import type { JSX } from 'preact';
import { Since } from './ago.tsx';
import { healthDetail, orderUnits, unitWord, upSince } from '../store/unit-status.ts';
import { ChainTag } from './chain-tag.tsx';
import { UnitMenu } from './unit-menu.tsx';

/** The units of an application with everything that is known of each. On a narrow screen each row is a block. */
export function UnitTable({ units }: { readonly units: readonly UnitStatus[] }): JSX.Element {
  return (
    <table class="card unit-table">
      <caption class="visually-hidden">Units</caption>
      <thead>
        <tr>
          <th scope="col">Unit</th>
          <th scope="col">Health</th>
          <th scope="col">Uptime</th>
          <th scope="col">Restarts</th>
          <th scope="col">Address</th>
          <th scope="col">Process</th>
          <th scope="col">
            <span class="visually-hidden">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {orderUnits(units).map((unit) => (
          <UnitRow key={unit.unit} unit={unit} />
        ))}
      </tbody>
    </table>
  );
}

function UnitRow({ unit }: { readonly unit: UnitStatus }): JSX.Element {
  const { component, kind, restartsRecent, restartsTotal, url, port, pid } = unit;
  const startedAt = upSince(unit);
  return (
    <tr>
      <th scope="row" class="unit-cell">
        {component} {kind === 'chain' && <ChainTag unit={unit} />}
      </th>
      <td class="health-cell">
        <Status {...unitWord(unit)} />
        <small class="soft">{healthDetail(unit)}</small>
        {unit.state === 'running' && <ChainLine unit={unit} />}
      </td>
      <td data-label="Uptime">{startedAt === undefined ? '–' : <Since at={startedAt} />}</td>
      <td data-label="Restarts">
        {restartsTotal}
        {restartsRecent > 0 && <small class="soft"> ({restartsRecent} lately)</small>}
      </td>
      <td data-label="Address">
        {url === undefined ? (
          (port ?? '–')
        ) : (
          <a class="link address" href={url} target="_blank" rel="noreferrer">
            {url.replace(/^https?:\/\//, '')} <Icon name="external" />
          </a>
        )}
      </td>
      <td data-label="Process" class="soft">
        {pid ?? '–'}
      </td>
      <td class="menu-cell">
        <UnitMenu unit={unit} />
      </td>
    </tr>
  );
}

/** The head of a chain node, as of its last probe. */
function ChainLine({ unit: { chain } }: { readonly unit: UnitStatus }): JSX.Element | null {
  if (chain === undefined) return null;
  const parts = [
    chain.height === undefined ? undefined : `block ${formatWhole(chain.height)}`,
    chain.headAgeMs === undefined ? undefined : `head ${formatSpan(chain.headAgeMs)} old`,
    chain.peers === undefined ? undefined : `${chain.peers} peers`,
  ];
  return <small class="soft">{parts.filter((part) => part !== undefined).join(' · ')}</small>;
}
