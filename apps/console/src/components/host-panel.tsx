import type { JSX } from 'preact';
import { HOST_FIGURES } from '../store/figures.ts';
import { FigureLine } from './figure.tsx';

/** What the machine has left, at a glance. */
export function HostPanel(): JSX.Element {
  return (
    <section class="card host-panel" aria-labelledby="host-title">
      <header class="card-head">
        <h2 id="host-title">
          <a href="/host">Host</a>
        </h2>
      </header>
      <dl class="host-figures">
        {HOST_FIGURES.map((figure) => (
          <div key={figure.title}>
            <dt class="soft">{figure.title}</dt>
            <dd>
              <FigureLine figure={figure} of="the host" />
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
