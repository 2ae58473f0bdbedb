import type { JSX } from 'preact';
import { Board, WindowChoice } from '../components/board.tsx';

/** What the machine does, in full. */
export function HostPage(): JSX.Element {
  return (
    <>
      <header class="page-head">
        <h1 tabIndex={-1}>Host</h1>
        <WindowChoice />
      </header>
      <Board job="host" syncKey="host" />
    </>
  );
}
