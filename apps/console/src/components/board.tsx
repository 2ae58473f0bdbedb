import { Empty, Segmented, Skeleton } from '@plumb/ui';
import type { JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { createBoardView, followBoard, GRAPH_WINDOWS, isEmpty, windowLength } from '../store/board-view.ts';
import { useConsole, useRunning } from './console-context.ts';
import { GraphPanel } from './graph-panel.tsx';

/** The choice of what time the graphs show. */
export function WindowChoice(): JSX.Element {
  const { graphWindow } = useConsole().store;
  return (
    <Segmented
      label="Time shown"
      options={GRAPH_WINDOWS}
      value={graphWindow.value}
      onChange={(value) => (graphWindow.value = value)}
    />
  );
}

export type BoardProps = {
  readonly job: string;
  readonly title?: string | undefined;
  readonly syncKey: string;
  /** Called when there is something to show, or a reason why not. */
  readonly onSettled?: (() => void) | undefined;
};

/** The boards of several jobs. Each comes when the one above has its size, so that nothing that is there moves down. */
export function Boards({
  jobs,
  syncKey,
}: {
  readonly jobs: readonly Pick<BoardProps, 'job' | 'title'>[];
  readonly syncKey: string;
}): JSX.Element {
  const [settledCount, setSettledCount] = useState(0);
  return (
    <>
      {jobs.slice(0, settledCount + 1).map(({ job, title }, index) => (
        <Board
          key={job}
          job={job}
          title={title}
          syncKey={syncKey}
          onSettled={() => setSettledCount((count) => Math.max(count, index + 1))}
        />
      ))}
    </>
  );
}

/** The standard board of one job: groups that fold, graphs that share a crosshair. */
export function Board({ job, title, syncKey, onSettled }: BoardProps): JSX.Element {
  const { api, world, store } = useConsole();
  const view = useMemo(() => createBoardView(job), [job]);
  useRunning((signal) => followBoard(view, api, world, signal), [job]);
  const windowMs = windowLength(store.graphWindow.value);
  const board = view.board.value;
  const isSettled = board !== undefined || view.fault.value !== undefined;
  useEffect(() => {
    if (isSettled) onSettled?.();
  }, [isSettled]);
  return (
    <section class="board" aria-label={`Graphs of ${title ?? job}`}>
      {title !== undefined && <h2 class="board-title">{title}</h2>}
      {!isSettled && <BoardSkeleton />}
      {(view.fault.value !== undefined || (board !== undefined && isEmpty(board))) && (
        <NoBoard job={job} fault={view.fault.value} />
      )}
      {board?.groups.map((group) => (
        <details key={group.title} class="board-group" open>
          <summary>
            <h3>{group.title}</h3> <span class="faint">{group.panels.length}</span>
          </summary>
          <div class="graph-grid">
            {group.panels.map((panel) => (
              <GraphPanel key={panel.id} panel={panel} windowMs={windowMs} syncKey={syncKey} />
            ))}
          </div>
        </details>
      ))}
    </section>
  );
}

function NoBoard({ job, fault }: { readonly job: string; readonly fault: string | undefined }): JSX.Element {
  return (
    <div class="card">
      <Empty
        title={fault === undefined ? `${job} has given no metrics yet` : `The graphs of ${job} cannot be shown`}
        command={`plumb query 'up{job="${job}"}'`}
      >
        {fault ??
          'Graphs appear by themselves with the first scrape. An application that exposes Prometheus text says where with "metrics" in its plumb.yaml. To see whether it is scraped:'}
      </Empty>
    </div>
  );
}

function BoardSkeleton(): JSX.Element {
  return (
    <div class="graph-grid board-skeleton">
      {[0, 1, 2].map((index) => (
        <Skeleton key={index} class="card graph-skeleton" lines={2} />
      ))}
    </div>
  );
}
