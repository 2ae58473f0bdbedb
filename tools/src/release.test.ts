import { expect, test } from 'vitest';
import { addRelease, parseChange } from './release.ts';

test('a changeset is read with its weight', () => {
  expect(parseChange("---\n'@plumb/kv': minor\n---\n\nkv: ranges.\n\nMore.\n")).toEqual({
    bump: 'minor',
    text: 'kv: ranges.\n\nMore.',
  });
  expect(parseChange('# Changes\n')).toBeUndefined();
});

test('a release comes on top of the changelog, what breaks first', () => {
  const changelog = addRelease('# Changelog\n\n## 0.1.0, 2026-01-01\n\nFirst.\n', '0.2.0, 2026-02-01', [
    { bump: 'patch', text: 'kv: mended.' },
    { bump: 'major', text: 'rpc: renamed.' },
    { bump: 'patch', text: 'tsdb: mended.' },
  ]);
  expect(changelog).toMatchInlineSnapshot(`
    "# Changelog

    ## 0.2.0, 2026-02-01

    ### What you have to change

    rpc: renamed.

    ### What is mended

    kv: mended.

    tsdb: mended.

    ## 0.1.0, 2026-01-01

    First.
    "
  `);
});
