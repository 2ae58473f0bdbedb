import { Empty } from '@plumb/ui';
import type { JSX } from 'preact';

export function NotFoundPage({ path }: { readonly path: string }): JSX.Element {
  return (
    <>
      <header class="page-head">
        <h1 tabIndex={-1}>There is no such page</h1>
      </header>
      <div class="card">
        <Empty title={`Nothing is at ${path}`}>
          Go to the{' '}
          <a class="link" href="/">
            overview
          </a>
          , or press Ctrl K to find anything.
        </Empty>
      </div>
    </>
  );
}
