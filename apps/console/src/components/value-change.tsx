import type { ConfigValue } from '@plumb/config/feed';
import type { JSX } from 'preact';
import { shortValue } from '../store/config-list.ts';
import { layerWord } from '../store/config-place.ts';

export type ValueChangeLineProps = {
  readonly name: string;
  readonly layer?: string | undefined;
  readonly before?: ConfigValue | undefined;
  readonly after?: ConfigValue | undefined;
};

/** One value that became another: what goes is struck out, what comes is marked, and both have words for screen readers. */
export function ValueChangeLine({ name, layer, before, after }: ValueChangeLineProps): JSX.Element {
  return (
    <li class="value-change">
      <code>{name}</code>
      {layer !== undefined && <span class="tag">{layerWord(layer)}</span>}
      <span class="change-values">
        {before !== undefined && <del>{shortValue(before)}</del>}
        {after === undefined ? <span class="faint">unset</span> : <ins>{shortValue(after)}</ins>}
      </span>
    </li>
  );
}
