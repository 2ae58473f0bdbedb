/** Documents that name things which are not there mislead worse than none: links and paths in Markdown must exist. */
import path from 'node:path';
import type { Tree } from './tree.ts';

/** These tell of the past, when other files existed. */
const HISTORY = /^(CHANGELOG\.md|docs\/decisions\/|\.changeset\/)/;
const TOP_FOLDER = /^(lib|services|apps|examples|e2e|bench|tools|docs)\//;
const PACKAGE_FOLDER = /^(src|test|bench)\//;
/** Made by a build or at run time: named in documents, absent from a fresh clone. */
const GENERATED = /(^|\/)(dist|node_modules|\.plumb|coverage)(\/|$)/;
/** Plain words with slashes, optionally a file; wildcards and placeholders in capitals name no one file. */
const PLAIN_PATH = /^[a-z0-9._@-]+(\/[a-zA-Z0-9._@-]+)*\/?$/;
const PLACEHOLDER = /(^|\/)[A-Z][A-Z_-]+(\/|$|\.)/;

export function documentFaults(tree: Tree): string[] {
  return [...tree.texts]
    .filter(([file]) => file.endsWith('.md'))
    .flatMap(([file, text]) => {
      const prose = withoutFences(text);
      return [...linkFaults(tree, file, prose), ...(HISTORY.test(file) ? [] : pathFaults(tree, file, prose))];
    });
}

function linkFaults(tree: Tree, file: string, prose: string): string[] {
  const links = [...prose.replaceAll(/`[^`\n]*`/g, '').matchAll(/\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g)];
  return links.flatMap(([, link = '']) => {
    if (/^[a-z]+:/.test(link)) return [];
    const [target = '', anchor] = link.split('#');
    const found = target === '' ? file : path.posix.join(path.posix.dirname(file), decodeURI(target));
    if (!exists(tree, found)) return [`${file}: links to ${link}, which does not exist: correct or remove it`];
    const text = tree.texts.get(found);
    if (anchor === undefined || text === undefined || headings(text).has(anchor)) return [];
    return [`${file}: links to ${link}, but ${found} has no such heading: correct it`];
  });
}

function pathFaults(tree: Tree, file: string, prose: string): string[] {
  const words = [...prose.matchAll(/`([^`\n]+)`/g)].flatMap(([, word = '']) => word.split(/[\s,]+/));
  return [...new Set(words)].flatMap((word) => {
    if (!TOP_FOLDER.test(word) && !PACKAGE_FOLDER.test(word)) return [];
    if (!PLAIN_PATH.test(word) || PLACEHOLDER.test(word) || GENERATED.test(word)) return [];
    const isFound = exists(tree, word) || exists(tree, `${path.posix.dirname(file)}/${word}`);
    return isFound ? [] : [`${file}: names \`${word}\`, which does not exist: correct it`];
  });
}

function exists(tree: Tree, file: string): boolean {
  const name = path.posix.normalize(file).replace(/\/$/, '');
  return name === '.' || tree.paths.has(name) || GENERATED.test(name);
}

function withoutFences(text: string): string {
  return text.replaceAll(/^(`{3,}|~{3,}).*?^\1/gms, '');
}

/** Anchors as GitHub makes them: lower case, words joined by dashes, other signs dropped. */
function headings(text: string): ReadonlySet<string> {
  const titles = [...withoutFences(text).matchAll(/^#+\s+(.*)$/gm)].map(([, title = '']) => title);
  return new Set(
    titles.map((title) =>
      title
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(' ', '-'),
    ),
  );
}
