import { expect, test, vi } from 'vitest';
import { formatStage, runStages } from './stage.ts';

test('all stages run, whatever fails, and a failure is shown with its output and what to do', async () => {
  let text = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => ((text += String(chunk)), true));
  const stage = (name: string, script: string) => ({ name, command: ['sh', '-c', script] as const, remedy: 'see it' });
  const stages = [
    stage('types', 'echo quiet'),
    stage('lint', 'echo unused variable; exit 1'),
    stage('format', 'exit 0'),
  ];
  const results = await runStages('.', stages).finally(() => write.mockRestore());

  const passed = Object.fromEntries(results.map(({ stage, isPassed }) => [stage.name, isPassed]));
  expect(passed).toEqual({ types: true, lint: false, format: true });
  expect(text).toContain('unused variable\nFAIL  lint');
  expect(text).not.toContain('quiet');
});

test('a line says what to do only when there is something to do', () => {
  const stage = { name: 'lint', command: ['oxlint'] as const, remedy: 'mend: npm run fix' };
  expect(formatStage({ stage, isPassed: true, durationMs: 3_140 })).toBe('ok    lint             3.1 s');
  expect(formatStage({ stage, isPassed: false, durationMs: 3_140 })).toBe(
    'FAIL  lint             3.1 s   mend: npm run fix',
  );
});
