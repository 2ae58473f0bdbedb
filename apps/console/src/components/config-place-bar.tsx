import type { JSX } from 'preact';
import { type Place, placeNames, writePlace } from '../store/config-place.ts';
import { useConsole } from './console-context.ts';

export type ConfigPlaceBarProps = {
  readonly layers: {
    readonly environment?: string | undefined;
    readonly layers: readonly { readonly layer: string }[];
  };
  readonly place: Place;
};

/** Whose eyes one looks with: environment, region. Only what there is to choose is shown. */
export function ConfigPlaceBar({ layers, place }: ConfigPlaceBarProps): JSX.Element | null {
  const { store, navigate } = useConsole();
  const names = placeNames(
    layers.layers.map(({ layer }) => layer),
    layers.environment,
  );
  const go = (part: Place): void => {
    const search = new URLSearchParams(store.search.value);
    writePlace(search, { ...place, ...part });
    navigate(`${store.path.value}?${search}`);
  };
  const choices = [
    ['Environment', names.environments, place.environment, (environment: string | undefined) => go({ environment })],
    [
      'Release environment',
      names.releaseEnvironments,
      place.releaseEnvironment,
      (releaseEnvironment: string | undefined) => go({ releaseEnvironment }),
    ],
    ['Region', names.regions, place.region, (region: string | undefined) => go({ region })],
  ] as const;
  const shown = choices.filter(
    ([, options, value]) => options.length > 1 || (options.length === 1 && options[0] !== value),
  );
  if (shown.length === 0) return null;
  return (
    <div class="place-bar">
      {shown.map(([label, options, value, choose]) => (
        <label key={label}>
          <span class="faint">{label}</span>
          <select
            class="input"
            value={value ?? ''}
            onChange={(event) => choose(event.currentTarget.value === '' ? undefined : event.currentTarget.value)}
          >
            <option value="">everywhere</option>
            {options.map((option) => (
              <option key={option} value={option}>
                {option}
              </option>
            ))}
          </select>
        </label>
      ))}
    </div>
  );
}
