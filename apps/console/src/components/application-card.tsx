import type { ApplicationStatus, UnitStatus } from '@plumb/deploy';
import { formatCount, formatRelease, Icon, Status, StatusMark } from '@plumb/ui';
import type { JSX } from 'preact';
import { applicationPath } from '../router.ts';
import { unitFigure } from '../store/figures.ts';
import { applicationTone, orderUnits, unitWord, upSince } from '../store/unit-status.ts';
import { Ago, Since } from './ago.tsx';
import { ChainTag } from './chain-tag.tsx';
import { FigureLine } from './figure.tsx';

/** One application with its units, at a glance. */
export function ApplicationCard({ application }: { readonly application: ApplicationStatus }): JSX.Element {
  const { name, description, environment, release, deployedAt, units } = application;
  return (
    <article class="card application-card" aria-label={name}>
      <header class="card-head">
        <h2>
          <a href={applicationPath(name)}>
            <StatusMark tone={applicationTone(application)} /> {name}
          </a>
        </h2>
        <span class="tag">{environment}</span>
        <span class="card-meta faint">
          <code title={release}>{formatRelease(release)}</code> · deployed <Ago at={deployedAt} />
        </span>
      </header>
      {description !== undefined && <p class="soft card-text">{description}</p>}
      <ul class="unit-list">
        {orderUnits(units).map((unit) => (
          <UnitLine key={unit.unit} unit={unit} />
        ))}
      </ul>
    </article>
  );
}

function UnitLine({ unit }: { readonly unit: UnitStatus }): JSX.Element {
  const { component, application, restartsTotal, health, kind, state, url } = unit;
  const startedAt = upSince(unit);
  const reason = state === 'running' && health.state !== 'ready' ? health.reason : undefined;
  return (
    <li class="unit-line">
      <Status {...unitWord(unit)} />
      <span class="unit-name">
        {component}
        {kind === 'process' && url !== undefined && (
          <a class="unit-open" href={url} target="_blank" rel="noreferrer" aria-label={`Open ${component}`} title={url}>
            <Icon name="external" />
          </a>
        )}
        {kind === 'chain' && <ChainTag unit={unit} />}
        {reason !== undefined && <span class="unit-reason soft ellipsis">{reason}</span>}
      </span>
      <span class="unit-uptime soft">
        {startedAt === undefined ? (
          'not running'
        ) : (
          <>
            up <Since at={startedAt} />
          </>
        )}
      </span>
      <span class={restartsTotal > 0 ? 'unit-restarts' : 'unit-restarts faint'}>
        {formatCount(restartsTotal, 'restart')}
      </span>
      <FigureLine figure={unitFigure(application, component)} of={`${application}/${component}`} />
    </li>
  );
}
