/** What RocksDB and the file system report, as errors that say what to do. */
import { describeError, OperatingError } from '@plumb/base';

/** Of an attempt to open the store in `directory`. */
export function rocksOpenError(directory: string, cause: unknown): OperatingError {
  if (cause instanceof OperatingError) return cause;
  const why = describeError(cause);
  const code = codeOf(cause);
  if (/LOCK: |lock hold by current process/.test(why)) {
    const user = why.includes('current process') ? 'this process' : 'another process';
    const message = `the store in ${directory} is in use by ${user}: stop that first, or choose another directory`;
    return new OperatingError('unavailable', message, { cause });
  }
  if (code === 'ENOSPC' || code === 'EDQUOT') return fullError(directory, cause);
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    const message = `the store in ${directory} cannot be written (${code}): check who owns it and how it is mounted`;
    return new OperatingError('denied', message, { cause });
  }
  if (code === 'ENOTDIR' || code === 'EEXIST' || why.includes('is not a directory')) {
    return new OperatingError('invalid', `${directory} is not a directory: choose another for the store`, { cause });
  }
  const message = `the store in ${directory} cannot be opened: ${why}; if it is damaged, restore it from a backup`;
  return new OperatingError('internal', message, { cause });
}

/** Of a write: the store is as before. */
export function rocksWriteError(directory: string, cause: unknown): OperatingError {
  if (cause instanceof OperatingError) return cause;
  const code = codeOf(cause);
  if (code === 'ENOSPC' || code === 'EDQUOT') return fullError(directory, cause);
  const message = `the store in ${directory} could not be written: ${describeError(cause)}; check the disk`;
  return new OperatingError('unavailable', message, { cause });
}

function fullError(directory: string, cause: unknown): OperatingError {
  return new OperatingError('exhausted', `the disk of ${directory} is full: free some space`, { cause });
}

/** The first code in the chain of causes that is not the binding's catch-all. */
function codeOf(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code } = at as NodeJS.ErrnoException;
    if (code !== undefined && code !== 'EIO') return code;
  }
  return undefined;
}
