import path from 'node:path';

/** Where the test scripts of Prometheus are looked for: beside the project. */
export const SCRIPTS_DIRECTORY = path.join(import.meta.dirname, '../../../../shared/data/promqltest/promql');
