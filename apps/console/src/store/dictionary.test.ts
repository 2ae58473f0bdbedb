import { expect, test } from 'vitest';
import { isPageAddress } from './dictionary.ts';

test('an address that somebody declared is a link only where a browser opens it as a page', () => {
  for (const address of ['https://example.org/runbook', 'HTTP://example.org'])
    expect(isPageAddress(address)).toBe(true);
  for (const address of [
    'javascript:alert(1)',
    ' javascript:alert(1)',
    'data:text/html,<script>',
    'git@example.org:shop.git',
    'https:alert(1)',
    '',
  ])
    expect(isPageAddress(address), address).toBe(false);
});
