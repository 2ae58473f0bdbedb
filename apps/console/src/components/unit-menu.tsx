import type { UnitStatus } from '@plumb/deploy';
import { Confirm, Menu, type MenuItem } from '@plumb/ui';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { runUnitAction, type UnitAction, unitActions } from '../store/unit-actions.ts';
import { useConsole } from './console-context.ts';

type Words = { readonly label: string; readonly hint: string; readonly isDangerous?: boolean };

const WORDS: Readonly<Record<UnitAction, Words>> = {
  start: { label: 'Start', hint: 'Also after a crash loop' },
  restart: { label: 'Restart', hint: 'Stops gracefully, then starts again' },
  stop: { label: 'Stop…', hint: 'Stays down until you start it' },
  kill: { label: 'Kill process…', hint: 'To see it heal', isDangerous: true },
};

/** What can be done to a unit. What interrupts it for good, or hard, is asked about first. */
export function UnitMenu({ unit }: { readonly unit: UnitStatus }): JSX.Element {
  const { store, api } = useConsole();
  const [asked, setAsked] = useState<'stop' | 'kill' | undefined>(undefined);
  const run = (action: UnitAction): void => void runUnitAction(store, api, action, unit);
  const items = unitActions(unit).map((action): MenuItem => ({
    ...WORDS[action],
    run: () => (action === 'stop' || action === 'kill' ? setAsked(action) : run(action)),
  }));
  const close = (): void => setAsked(undefined);
  return (
    <>
      <Menu
        label={`Actions for ${unit.unit}`}
        items={items.length > 0 ? items : [{ label: 'Is stopping', isDisabled: true, run: close }]}
      />
      <Confirm
        title={`Stop ${unit.unit}?`}
        action="Stop"
        isOpen={asked === 'stop'}
        onClose={close}
        onConfirm={() => run('stop')}
      >
        It stays down until you start it again, and whoever needs it is not ready meanwhile.
      </Confirm>
      <Confirm
        title={`Kill ${unit.unit}?`}
        action="Kill process"
        isOpen={asked === 'kill'}
        onClose={close}
        onConfirm={() => run('kill')}
      >
        Process {unit.pid} and its children get SIGKILL, as a crash would. Plumb starts it again and writes it in the
        journal; nobody is notified.
      </Confirm>
    </>
  );
}
