import { defineConfig } from 'vitest/config';
import { lastLineReporter } from '../../src/last-line-reporter.ts';

export default defineConfig({ test: { include: ['*.fixture.ts'], reporters: ['default', lastLineReporter()] } });
