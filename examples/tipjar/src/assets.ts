/** The files of `assets/`, read once, under paths that change with their content, so that browsers keep them for ever. */
import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import type { Answer } from './answer.ts';
import type { Assets } from './page.ts';

export type AssetStore = {
  readonly paths: Assets;
  readonly get: (path: string) => Answer | undefined;
};

export async function loadAssets(): Promise<AssetStore> {
  const answers = new Map<string, Answer>();
  const load = async (name: string, type: string): Promise<string> => {
    const body = await fs.readFile(new URL(`../assets/${name}`, import.meta.url));
    const version = createHash('sha256').update(body).digest('hex').slice(0, 12);
    const path = `/assets/${version}/${name}`;
    answers.set(path, {
      status: 200,
      type,
      body,
      headers: { 'cache-control': 'public, max-age=31536000, immutable' },
    });
    return path;
  };
  const paths = {
    style: await load('page.css', 'text/css; charset=utf-8'),
    script: await load('page.js', 'text/javascript; charset=utf-8'),
    icon: await load('icon.svg', 'image/svg+xml'),
  };
  return { paths, get: (path) => answers.get(path) };
}
