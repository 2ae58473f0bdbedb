import { randomText } from '@plumb/base';

/** 80 random bits tell apart the connections of all programs that call as one caller. */
const PREFIX_LENGTH = 16;

/** Makes keys of calls, each of which no other connection makes. */
export function createCallKeys(): () => string {
  let prefix: string | undefined;
  let count = 0;
  return () => {
    prefix ??= randomText(PREFIX_LENGTH);
    count += 1;
    return `${prefix}-${count}`;
  };
}
