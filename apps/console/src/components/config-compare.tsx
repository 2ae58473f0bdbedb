import { Empty, Skeleton } from '@plumb/ui';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { shortValue } from '../store/config-list.ts';
import { layerWord, type Place, placeNames, placeWord } from '../store/config-place.ts';
import type { ConfigPartProps, LayerUse } from './config-values.tsx';
import { useConsole } from './console-context.ts';
import { useAnswer } from './use-answer.ts';

/** What differs between this place and another. */
export function ConfigCompare({
  application,
  pulse,
  place,
  layers,
}: ConfigPartProps & { readonly layers: readonly LayerUse[] }): JSX.Element {
  const { api } = useConsole();
  const others = otherPlaces(place, layers);
  const [chosen, setChosen] = useState<string | undefined>(undefined);
  const other = others.find((one) => placeWord(one) === chosen) ?? others[0];
  const { value: rows, fault } = useAnswer(
    async (signal) =>
      other === undefined ? [] : api.config.compare({ application, left: place, right: other }, { signal }),
    `${application} ${placeWord(place)} ${other === undefined ? '' : placeWord(other)}`,
    [pulse.values.value],
  );
  if (other === undefined) {
    return (
      <div class="card">
        <Empty title="There is only one place" command={`plumb config set ${application}.KEY VALUE --env staging`}>
          Values that are set for an environment or a region can be compared with those of another:
        </Empty>
      </div>
    );
  }
  return (
    <section class="card" aria-labelledby="compare-title">
      <header class="card-head">
        <h2 id="compare-title">{placeWord(place)} beside</h2>
        <select
          class="input compare-choice"
          aria-label="Compare with"
          value={placeWord(other)}
          onChange={(event) => setChosen(event.currentTarget.value)}
        >
          {others.map((one) => (
            <option key={placeWord(one)} value={placeWord(one)}>
              {placeWord(one)}
            </option>
          ))}
        </select>
      </header>
      {fault !== undefined && <Empty title="They cannot be compared">{fault}</Empty>}
      {rows === undefined && fault === undefined && <Skeleton class="pad" lines={6} />}
      {rows?.length === 0 && <Empty title="They are the same">Every key has one value in both.</Empty>}
      {rows !== undefined && rows.length > 0 && (
        <table class="compare-table">
          <thead>
            <tr>
              <th scope="col">Key</th>
              <th scope="col">{placeWord(place)}</th>
              <th scope="col">{placeWord(other)}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ key, left, right }) => (
              <tr key={key}>
                <th scope="row">
                  <code>{key}</code>
                </th>
                {[left, right].map((entry, side) => (
                  <td key={side} data-label={placeWord(side === 0 ? place : other)}>
                    <code>{shortValue(entry?.value)}</code>
                    {entry !== undefined && <small class="faint">{layerWord(entry.layer)}</small>}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

/** The other environments, and the regions of this one. */
function otherPlaces(place: Place, layers: readonly LayerUse[]): Place[] {
  const { environments, regions } = placeNames(layers.map(({ layer }) => layer));
  const all: Place[] = [
    ...environments.map((environment) => ({ ...place, environment })),
    ...regions.map((region) => ({ ...place, region })),
    ...(place.region === undefined ? [] : [{ ...place, region: undefined }]),
  ];
  return all.filter((one) => placeWord(one) !== placeWord(place));
}
