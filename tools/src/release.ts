import fs from 'node:fs';
import path from 'node:path';
import { runChild } from '../bootstrap/run-child.mjs';
import type { Command } from './command.ts';

/** Which part of the version a change raises. */
export type Bump = 'patch' | 'minor' | 'major';
export type Change = { readonly bump: Bump; readonly text: string };

const TITLES: Readonly<Record<Bump, string>> = {
  major: 'What you have to change',
  minor: 'What is added',
  patch: 'What is mended',
};
const HEADING = '# Changelog\n';

export const release: Command = {
  name: 'release',
  summary: 'raise the version everywhere and move the texts of .changeset/ into CHANGELOG.md',
  async run(_words, root) {
    const changes = readChanges(path.join(root, '.changeset'));
    if (changes.length === 0) {
      process.stderr.write('nothing to release: .changeset/ holds no change\n');
      return 1;
    }
    const code = await runChild('changeset', ['version'], { cwd: root });
    if (code !== 0) return code;

    const version = readVersion(path.join(root, 'tools/package.json'));
    const manifest = path.join(root, 'package.json');
    const text = fs.readFileSync(manifest, 'utf8').replace(/"version": "[^"]*"/, `"version": "${version}"`);
    fs.writeFileSync(manifest, text);
    const changelog = path.join(root, 'CHANGELOG.md');
    const date = new Date().toISOString().slice(0, 10);
    fs.writeFileSync(changelog, addRelease(fs.readFileSync(changelog, 'utf8'), `${version}, ${date}`, changes));
    return runChild('npm', ['install', '--package-lock-only'], { cwd: root });
  },
};

/** The changelog with a release on top: what breaks first, then what is added, then what is mended. */
export function addRelease(changelog: string, title: string, changes: readonly Change[]): string {
  const parts = (['major', 'minor', 'patch'] as const).flatMap((bump) => {
    const texts = changes.filter((change) => change.bump === bump).map(({ text }) => text);
    return texts.length === 0 ? [] : [`### ${TITLES[bump]}\n\n${texts.join('\n\n')}\n`];
  });
  return `${HEADING}\n## ${title}\n\n${parts.join('\n')}${changelog.replace(HEADING, '')}`;
}

/** The text and weight of a changeset file; undefined where it is not one. */
export function parseChange(file: string): Change | undefined {
  const [, head = '', text = ''] = /^---\n(.*?)\n---\n(.*)$/s.exec(file) ?? [];
  const bump = /:\s*(patch|minor|major)\s*$/m.exec(head)?.[1];
  return bump === undefined ? undefined : { bump: bump as Bump, text: text.trim() };
}

function readChanges(folder: string): Change[] {
  const files = fs.readdirSync(folder).filter((name) => name.endsWith('.md') && name !== 'README.md');
  return files.toSorted().flatMap((name) => parseChange(fs.readFileSync(path.join(folder, name), 'utf8')) ?? []);
}

function readVersion(file: string): string {
  return (JSON.parse(fs.readFileSync(file, 'utf8')) as { version: string }).version;
}
