import fc from 'fast-check';
import { expect, test } from 'vitest';
import { renderLiveParts, renderPage, type View } from './page.ts';

const ASSETS = { style: '/s.css', script: '/s.js', icon: '/i.svg' };

function viewOf(text: string): View {
  const tip = { from: '0x0', name: text, message: text, amountWei: 1n, at: 0, transaction: '0x1' };
  return {
    settings: { title: text, minTipWei: 1n },
    jar: { count: 1, totalWei: 1n, balanceWei: 1n, height: 1, tips: [tip] },
    fault: text,
  };
}

function pageOf(text: string): string {
  const submission = { values: { amount: text, name: text, message: text }, faults: { name: text }, notice: text };
  return renderPage(viewOf(text), ASSETS, submission);
}

// Goal: text from strangers stays text. Method: whatever the text, the page has the same tags and the same quotes as
// with a harmless one, and each character that could begin markup is escaped.
test('no text makes markup', () => {
  const markup = (page: string): string => page.replace(/[^<>"']/g, '');
  const hostile = fc.string({ unit: fc.constantFrom('<', '>', '"', "'", '&', '/', 'a', ' ', '=', '`'), minLength: 1 });
  const known = fc.constantFrom('<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', "' autofocus onfocus='");
  fc.assert(
    fc.property(fc.oneof(hostile, known), (text) => {
      expect(markup(pageOf(text))).toBe(markup(pageOf('x')));
      const { summary, tips } = renderLiveParts(viewOf(text));
      expect(markup(summary + tips)).toBe(
        markup(renderLiveParts(viewOf('x')).summary + renderLiveParts(viewOf('x')).tips),
      );
    }),
    { numRuns: 100 },
  );
});

test('what is escaped reads as it was written', () => {
  expect(pageOf('<b>Tom & "Jerry"</b>')).toContain(
    '<h1 id="title">&lt;b&gt;Tom &amp; &quot;Jerry&quot;&lt;/b&gt;</h1>',
  );
});
