/** What the file system reports, as errors that say what to do. */
import { describeError, OperatingError } from '@plumb/base';

/** `what` begins the message, such as `the backup /var/b was not written`. An operating error stays as it is. */
export function fileError(what: string, cause: unknown): OperatingError {
  if (cause instanceof OperatingError) return cause;
  const code = cause instanceof Error ? (cause as NodeJS.ErrnoException).code : undefined;
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new OperatingError('exhausted', `${what}: the disk is full; free some space`, { cause });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new OperatingError('denied', `${what} (${code}): check who owns the place and how it is mounted`, {
        cause,
      });
    case 'ENOENT':
      return new OperatingError('not-found', `${what}: there is no such file or directory`, { cause });
    case 'ENOTDIR':
    case 'EISDIR':
      return new OperatingError('invalid', `${what} (${code}): choose another place`, { cause });
    case undefined:
    default:
      return new OperatingError('unavailable', `${what}: ${describeError(cause)}; check the disk`, { cause });
  }
}
