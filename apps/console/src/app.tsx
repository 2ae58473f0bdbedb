import { CommandLine } from '@plumb/ui';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useConsole } from './components/console-context.ts';
import { Overlays } from './components/overlays.tsx';
import { Sidebar } from './components/sidebar.tsx';
import { AlertsPage } from './pages/alerts-page.tsx';
import { ApplicationPage } from './pages/application-page.tsx';
import { ConfigPage } from './pages/config-page.tsx';
import { HostPage } from './pages/host-page.tsx';
import { JournalPage } from './pages/journal-page.tsx';
import { NotFoundPage } from './pages/not-found-page.tsx';
import { OverviewPage } from './pages/overview-page.tsx';
import { QueryPage } from './pages/query-page.tsx';
import { ServicesPage } from './pages/services-page.tsx';
import { openIncidents } from './store/event-log.ts';
import { parsePath, type Route, routeTitle } from './router.ts';

/** The frame of every page. */
export function App(): JSX.Element {
  const { store } = useConsole();
  const route = parsePath(store.path.value);
  usePageChange(route);
  if (store.connection.value === 'signed-out') return <SignedOut />;
  return (
    <>
      <a class="skip-link" href="#content">
        Skip to content
      </a>
      <Sidebar />
      <main id="content" tabIndex={-1}>
        <ConnectionBanner />
        <Page route={route} />
      </main>
      <Overlays />
    </>
  );
}

function Page({ route }: { readonly route: Route }): JSX.Element {
  switch (route.kind) {
    case 'overview':
      return <OverviewPage />;
    case 'application':
      return <ApplicationPage key={route.name} name={route.name} tab={route.tab} />;
    case 'alerts':
      return <AlertsPage />;
    case 'journal':
      return <JournalPage />;
    case 'services':
      return <ServicesPage />;
    case 'config':
      return <ConfigPage name={route.name} tab={route.tab} />;
    case 'query':
      return <QueryPage />;
    case 'host':
      return <HostPage />;
    case 'not-found':
      return <NotFoundPage path={route.path} />;
  }
}

/** A change of page begins at its top with its heading read out; a change of tab does not. The window's title counts open incidents. */
function usePageChange(route: Route): void {
  const page = 'name' in route ? `${route.kind} ${route.name}` : route.kind;
  const title = routeTitle(route);
  const events = useConsole().store.events.value;
  const openCount = events === undefined ? 0 : openIncidents(events).length;
  const last = useRef<string | undefined>(undefined);
  useEffect(() => {
    scrollTo(0, 0);
    const isFirst = last.current === undefined;
    last.current = page;
    if (!isFirst) document.querySelector<HTMLElement>('main h1')?.focus({ preventScroll: true });
  }, [page]);
  useEffect(() => {
    document.title = `${openCount > 0 ? `(${openCount}) ` : ''}${title} · Plumb`;
  }, [title, openCount]);
}

/** Says quietly that what is shown may be old. Its place is over the page, so that nothing moves. */
function ConnectionBanner(): JSX.Element {
  const isLost = useConsole().store.connection.value === 'lost';
  return (
    <output class="connection">
      {isLost && (
        <p>
          <i class="pulse" aria-hidden="true" /> Reconnecting… What you see is from before.
        </p>
      )}
    </output>
  );
}

function SignedOut(): JSX.Element {
  return (
    <main id="content" class="signed-out" tabIndex={-1}>
      <h1>You are signed out</h1>
      <p class="soft">Get a sign-in link in a terminal where Plumb runs, and open it in this browser:</p>
      <CommandLine command="plumb token link" />
      <p class="faint">A link works once, for ten minutes.</p>
    </main>
  );
}
