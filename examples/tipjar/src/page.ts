/** The page as a pure function of what it shows. The parts that change live are made here only, for both ways. */
import { formatEther } from 'viem';
import { type Html, html } from './html.ts';
import type { JarState } from './jar.ts';
import type { Settings } from './settings.ts';
import { formatAmount, type Tip, type TipFaults, type TipField, TIP_WEI_MAX } from './tip.ts';

export type View = { readonly settings: Settings; readonly jar: JarState; readonly fault: string | undefined };

/** What came of a form that was sent without script. */
export type Submission = {
  readonly values: Readonly<Partial<Record<TipField, string>>>;
  readonly faults: TipFaults;
  /** A sentence above the button. */
  readonly notice: string | undefined;
};

/** Paths of the style and the script, with a version so that they may be cached for ever. */
export type Assets = { readonly style: string; readonly script: string; readonly icon: string };

/** What `assets/page.js` puts into the page when something changes: text for `title`, HTML for the rest. */
export type LiveParts = {
  readonly title: string;
  readonly hint: string;
  readonly minTip: string;
  readonly summary: string;
  readonly tips: string;
  readonly fault: string;
};

export function renderLiveParts(view: View): LiveParts {
  return {
    title: view.settings.title,
    hint: amountHint(view.settings),
    minTip: formatEther(view.settings.minTipWei),
    summary: renderSummary(view.jar).html,
    tips: renderTips(view.jar).html,
    fault: view.fault === undefined ? '' : faultText(view.fault),
  };
}

export function renderPage(view: View, assets: Assets, submission?: Submission): string {
  const { settings, jar, fault } = view;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${settings.title}</title>
        <link rel="icon" href="${assets.icon}" type="image/svg+xml" />
        <link rel="stylesheet" href="${assets.style}" />
        <script src="${assets.script}" defer></script>
      </head>
      <body>
        <header>
          <h1 id="title">${settings.title}</h1>
          <p id="fault" class="fault" role="status">${fault !== undefined && faultText(fault)}</p>
        </header>
        <main>
          <section class="jar" id="summary" aria-label="What is in the jar">${renderSummary(jar)}</section>
          <section class="card leave" aria-labelledby="leave-title">
            <h2 id="leave-title">Leave a tip</h2>
            ${renderForm(settings, submission)}
          </section>
          <section class="card latest" aria-labelledby="latest-title">
            <h2 id="latest-title">Latest tips</h2>
            <div id="tips">${renderTips(jar)}</div>
          </section>
        </main>
        <footer>Tips are transactions on a development chain: the ether is play money.</footer>
      </body>
    </html> `.html;
}

function renderSummary({ totalWei, count, balanceWei }: JarState): Html {
  // Each tenfold fills the same share of the glass, so the first tip shows, and so does the thousandth.
  const level = totalWei === 0n ? 0 : Math.min(1, Math.max(0.06, (Math.log10(Number(totalWei) / 1e18) + 3) / 6));
  const top = 92 - 62 * level;
  return html`<svg viewBox="0 0 80 100" role="img" aria-label="A jar, ${Math.round(level * 100)} percent full">
      <clipPath id="glass">
        <path d="M18 22h44c6 6 10 12 10 20v40c0 8-5 12-12 12H20c-7 0-12-4-12-12V42c0-8 4-14 10-20z" />
      </clipPath>
      <rect class="liquid" x="0" y="${top.toFixed(1)}" width="80" height="100" clip-path="url(#glass)" />
      <path class="glass" d="M18 22h44c6 6 10 12 10 20v40c0 8-5 12-12 12H20c-7 0-12-4-12-12V42c0-8 4-14 10-20z" />
      <rect class="glass" x="14" y="8" width="52" height="13" rx="5" />
    </svg>
    <dl>
      <div class="total">
        <dt>Total</dt>
        <dd>${formatAmount(totalWei)} <abbr title="ether">ETH</abbr></dd>
      </div>
      <div>
        <dt>Tips</dt>
        <dd>${count.toLocaleString('en')}</dd>
      </div>
      <div>
        <dt>In the jar</dt>
        <dd>${formatAmount(balanceWei)} <abbr title="ether">ETH</abbr></dd>
      </div>
    </dl>`;
}

function renderTips({ tips, count }: JarState): Html {
  if (tips.length === 0) return html`<p class="empty">The jar is empty. Leave the first tip.</p>`;
  const more = count - tips.length;
  return html`<ol class="tips">
      ${tips.map(renderTip)}
    </ol>
    ${more > 0 && html`<p class="more">and ${more.toLocaleString('en')} before these</p>`}`;
}

function renderTip({ name, message, amountWei, at, transaction }: Tip): Html {
  const time = new Date(at).toISOString();
  return html`<li data-tip="${transaction}">
    <p class="who"><bdi>${name}</bdi> <time datetime="${time}">${time.slice(0, 16).replace('T', ' ')} UTC</time></p>
    <p class="amount">${formatAmount(amountWei)} <abbr title="ether">ETH</abbr></p>
    ${message !== '' && html`<p class="message" dir="auto">${message}</p>`}
  </li>`;
}

function renderForm(settings: Settings, submission: Submission | undefined): Html {
  const { values = {}, faults = {}, notice } = submission ?? {};
  const min = formatEther(settings.minTipWei);
  return html`<form id="leave" method="post" action="/tips" novalidate>
    ${renderField(
      'amount',
      'Amount in ETH',
      faults.amount,
      html`<input
        id="amount"
        name="amount"
        inputmode="decimal"
        autocomplete="off"
        required
        value="${values.amount ?? '0.05'}"
        data-min="${min}"
        data-max="${formatEther(TIP_WEI_MAX)}"
        ${describedBy('amount', faults.amount)}
      />`,
      amountHint(settings),
    )}
    ${renderField(
      'name',
      'Your name',
      faults.name,
      html`<input
        id="name"
        name="name"
        maxlength="64"
        autocomplete="nickname"
        placeholder="Anonymous"
        value="${values.name}"
        ${describedBy('name', faults.name)}
      />`,
    )}
    ${renderField('message', 'Message', faults.message, html`<textarea id="message" name="message" rows="3" maxlength="280" ${describedBy('message', faults.message)}>${values.message}</textarea>`)}
    <button type="submit">Leave the tip</button>
    <p id="notice" class="notice" role="status">${notice}</p>
  </form>`;
}

function renderField(field: TipField, label: string, fault: string | undefined, control: Html, hint?: string): Html {
  return html`<div class="field">
    <label for="${field}">${label}</label>
    ${control} ${hint !== undefined && html`<p class="hint" id="${field}-hint">${hint}</p>`}
    <p class="field-fault" id="${field}-fault">${fault}</p>
  </div>`;
}

function describedBy(field: TipField, fault: string | undefined): Html {
  const ids = field === 'amount' ? 'amount-hint amount-fault' : `${field}-fault`;
  return html`aria-describedby="${ids}"${fault !== undefined && html` aria-invalid="true"`}`;
}

function amountHint({ minTipWei }: Settings): string {
  return minTipWei === 0n ? 'Any amount is welcome.' : `At least ${formatEther(minTipWei)} ETH.`;
}

function faultText(fault: string): string {
  return `No tips can be left at the moment: ${fault}.`;
}
