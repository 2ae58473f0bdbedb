import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{lib,services,apps,examples,e2e,bench,tools}/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
  },
});
