export { type Doors } from './data-directory.ts';
export { openPlumbd, type Plumbd, type PlumbdOptions } from './plumbd.ts';
