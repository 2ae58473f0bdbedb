/** What a manifest says of the application as a whole: what people look up, and nothing that runs. */
import type { About } from './manifest.ts';
import { describeNode, type Node, quote } from './node.ts';
import { mapEntries, type Reader } from './section.ts';
import type { Faults } from './faults.ts';
import { text } from './values.ts';

export const ABOUT_KEYS = ['description', 'owner', 'repository', 'links', 'tags'] as const;

/** Links, and tags, of one application: more are a document of their own, to be linked. */
const DETAILS_MAX = 64;
/** Characters of an owner or a tag: they are shown in a line. */
const WORDS_CHARS_MAX = 128;
/** Characters of an address, as browsers take them. */
const ADDRESS_CHARS_MAX = 2_048;

/** The entries of the map below a manifest or an environment; keys that are absent are left out. */
export const readAbout: Reader<About> = (node, faults) => {
  const read = <T>(key: (typeof ABOUT_KEYS)[number], reader: Reader<T>): T | undefined => {
    const entry = node.kind === 'map' ? node.entries.get(key) : undefined;
    return entry === undefined ? undefined : reader(entry.value, faults);
  };
  return {
    description: read('description', text('description')),
    owner: read('owner', words('owner')),
    repository: read('repository', repository),
    links: read('links', readLinks) ?? {},
    tags: read('tags', readTags) ?? [],
  };
};

/** A few words on one line. */
function words(what: string): Reader<string> {
  return (node, faults) => {
    const value = text(what)(node, faults);
    const isLine = value.trim() !== '' && value.length <= WORDS_CHARS_MAX && !value.includes('\n');
    if (node.kind === 'scalar' && typeof node.value === 'string' && !isLine)
      faults.add(node, `${what} is one line of at most ${WORDS_CHARS_MAX} characters`);
    return value;
  };
}

/** An address of the web, or as `git` takes it: `git@host:team/shop.git`. */
const repository: Reader<string> = (node, faults) => {
  const value = text('repository')(node, faults);
  const isAddress = value.length <= ADDRESS_CHARS_MAX && /^[\w.+-]+(:\/\/|@[\w.-]+:)[!-~]+$/.test(value);
  if (value !== '' && !isAddress)
    faults.add(node, `repository is an address, like https://example.com/team/shop, not ${quote(value)}`);
  return value;
};

function readLinks(node: Node, faults: Faults): Readonly<Record<string, string>> {
  const entries = [...mapEntries(node, 'links', faults)];
  if (entries.length > DETAILS_MAX) faults.add(node, `an application has at most ${DETAILS_MAX} links`);
  return Object.fromEntries(
    entries.map(([title, { key, value }]) => {
      if (title.trim() === '' || title.length > WORDS_CHARS_MAX)
        faults.add(key, `the title of a link has 1 to ${WORDS_CHARS_MAX} characters`);
      return [title, webAddress(`the link ${quote(title)}`)(value, faults)];
    }),
  );
}

/** People follow it: nothing but the web, so that no page runs what a manifest says. */
function webAddress(what: string): Reader<string> {
  return (node, faults) => {
    const value = text(what)(node, faults);
    const isWeb = value.length <= ADDRESS_CHARS_MAX && /^https?:\/\/[!-~]+$/.test(value) && URL.canParse(value);
    if (value !== '' && !isWeb)
      faults.add(node, `${what} is an address of the web, like https://example.com/docs, not ${quote(value)}`);
    return value;
  };
}

function readTags(node: Node, faults: Faults): readonly string[] {
  if (node.kind !== 'list') {
    faults.add(node, `tags is a list of words, like [payments, public], not ${describeNode(node)}`);
    return [];
  }
  if (node.items.length > DETAILS_MAX) faults.add(node, `an application has at most ${DETAILS_MAX} tags`);
  return [...new Set(node.items.map((item) => words('a tag')(item, faults)))];
}
