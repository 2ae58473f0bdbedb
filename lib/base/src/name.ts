const NAME = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * Whether `text` can name an application, a process, a chain or an environment: a DNS label that begins with a letter, so
 * that everything can be looked up by its name.
 */
export function isName(text: string): boolean {
  return NAME.test(text);
}

/** What a person is told of a name that is none. */
export const NAME_RULE = 'a name has 1 to 63 lower-case letters, digits and inner hyphens, like "tip-jar"';
