import { Icon, type IconName, StatusMark } from '@plumb/ui';
import type { JSX } from 'preact';
import { applicationPath, parsePath } from '../router.ts';
import { nextTheme } from '../store/theme.ts';
import { openIncidents } from '../store/event-log.ts';
import { applicationTone } from '../store/unit-status.ts';
import { useConsole } from './console-context.ts';

const PAGES = [
  { path: '/', label: 'Overview', icon: 'overview', kind: 'overview' },
  { path: '/alerts', label: 'Alerts', icon: 'alerts', kind: 'alerts' },
  { path: '/journal', label: 'Journal', icon: 'journal', kind: 'journal' },
  { path: '/services', label: 'Services', icon: 'services', kind: 'services' },
  { path: '/config', label: 'Config', icon: 'config', kind: 'config' },
  { path: '/query', label: 'Query', icon: 'query', kind: 'query' },
  { path: '/host', label: 'Host', icon: 'host', kind: 'host' },
] as const satisfies readonly { path: string; label: string; icon: IconName; kind: string }[];

/** Where one can go. On a narrow screen it lies at the bottom, within reach of a thumb. */
export function Sidebar(): JSX.Element {
  const { store } = useConsole();
  const route = parsePath(store.path.value);
  const openCount = store.events.value === undefined ? 0 : openIncidents(store.events.value).length;
  return (
    <div class="sidebar">
      <header class="sidebar-head">
        <a class="brand" href="/" aria-label="Plumb, overview">
          <BrandMark />
          Plumb
        </a>
        <SidebarTools />
      </header>
      <nav class="nav" aria-label="Pages">
        {PAGES.map(({ path, label, icon, kind }) => (
          <a key={path} href={path} aria-current={route.kind === kind ? 'page' : undefined}>
            <Icon name={icon} />
            <span>{label}</span>
            {kind === 'alerts' && openCount > 0 && (
              <b class="nav-count" aria-label={`${openCount} open`}>
                {openCount}
              </b>
            )}
          </a>
        ))}
      </nav>
      <ApplicationLinks current={route.kind === 'application' ? route.name : undefined} />
    </div>
  );
}

function ApplicationLinks({ current }: { readonly current: string | undefined }): JSX.Element | null {
  const applications = useConsole().store.applications.value;
  if (applications === undefined || applications.size === 0) return null;
  return (
    <nav class="nav nav-applications" aria-labelledby="nav-applications">
      <h2 id="nav-applications">Applications</h2>
      {[...applications.values()].map((application) => (
        <a
          key={application.name}
          href={applicationPath(application.name)}
          aria-current={application.name === current ? 'page' : undefined}
        >
          <StatusMark tone={applicationTone(application)} />
          <span class="ellipsis">{application.name}</span>
        </a>
      ))}
    </nav>
  );
}

const THEME_ICONS = { system: 'system', light: 'sun', dark: 'moon' } as const;

function SidebarTools(): JSX.Element {
  const { store } = useConsole();
  const theme = store.theme.value;
  const themeLabel = `Theme: ${theme}`;
  return (
    <div class="sidebar-tools">
      <button
        type="button"
        class="icon-button"
        aria-label="Find anything"
        title="Find anything (Ctrl K)"
        onClick={() => (store.overlay.value = 'palette')}
      >
        <Icon name="search" />
      </button>
      <button
        type="button"
        class="icon-button"
        aria-label={themeLabel}
        title={themeLabel}
        onClick={() => (store.theme.value = nextTheme(theme))}
      >
        <Icon name={THEME_ICONS[theme]} />
      </button>
      <button
        type="button"
        class="icon-button wide-only"
        aria-label="Keyboard shortcuts"
        title="Keyboard shortcuts (?)"
        onClick={() => (store.overlay.value = 'help')}
      >
        <Icon name="help" />
      </button>
    </div>
  );
}

function BrandMark(): JSX.Element {
  return (
    <svg class="brand-mark" viewBox="0 0 32 32" width="22" height="22" aria-hidden="true">
      <rect width="32" height="32" rx="8" />
      <path d="M16 5v10" class="brand-line" />
      <path d="M10.5 15h11L16 27z" class="brand-bob" />
    </svg>
  );
}
