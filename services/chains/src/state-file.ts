/**
 * The file in which a node keeps its chain. Anvil rewrites it in place, so a kill can leave a part of it, and anvil does
 * not start on a part. Before each start a whole file is copied, and a torn one is set aside for that copy.
 */
import fs from 'node:fs';

/** A file too large to parse is believed: setting aside a good chain would be worse than a node that does not start. */
const PARSE_SIZE_BYTES_MAX = 268_435_456;

export type StateFileOutcome = 'absent' | 'whole' | 'restored' | 'set-aside';

/** Leaves `file` whole or absent. The copy is `file.start`, what was torn `file.torn`; each replaces the one before. */
export function prepareStateFile(file: string): StateFileOutcome {
  const [copy, torn] = [`${file}.start`, `${file}.torn`];
  if (!fs.existsSync(file)) {
    // Somebody deleted it to begin anew: the copy must not bring the old chain back later.
    fs.rmSync(copy, { force: true });
    return 'absent';
  }
  if (isWhole(file)) {
    copyFile(file, copy);
    return 'whole';
  }
  fs.renameSync(file, torn);
  if (!isWhole(copy)) return 'set-aside';
  copyFile(copy, file);
  return 'restored';
}

function isWhole(file: string): boolean {
  try {
    if (fs.statSync(file).size > PARSE_SIZE_BYTES_MAX) return true;
    const value: unknown = JSON.parse(fs.readFileSync(file, 'utf8'));
    return typeof value === 'object' && value !== null;
  } catch {
    return false;
  }
}

/** Under another name first, so that a kill leaves no part of it either. */
function copyFile(from: string, to: string): void {
  fs.copyFileSync(from, `${to}.part`, fs.constants.COPYFILE_FICLONE);
  fs.renameSync(`${to}.part`, to);
}
