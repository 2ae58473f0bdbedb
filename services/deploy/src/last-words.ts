/** Of a message that quotes a program: it stays one that a person reads at a glance. */
const WORDS_LENGTH_MAX = 200;

/**
 * The line that says most of why a program ended: the last that names an error, since stack frames and the runtime's name come
 * after it; else the last with any words. Undefined when it printed nothing of use.
 */
export function lastWords(lines: readonly string[]): string | undefined {
  const said = lines.filter((line) => !isNoise(line));
  const line = said.findLast((one) => /(?:error|exception|panic|panicked|fatal)\b/i.test(one)) ?? said.at(-1);
  return line?.trim().slice(0, WORDS_LENGTH_MAX);
}

/** Without letters, a frame of a stack, or how Node.js takes its leave. */
function isNoise(line: string): boolean {
  return !/\p{L}/u.test(line) || /^\s+at /.test(line) || /^Node\.js v\d/.test(line);
}
