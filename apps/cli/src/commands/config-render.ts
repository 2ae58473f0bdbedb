import { formatDuration, OperatingError, systemClock, systemRandom } from '@plumb/base';
import type { SealedValue } from '@plumb/config/feed';
import type { ConfigClient } from '@plumb/config-store';
import { resubscribe } from '@plumb/rpc';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type Command, type Flags, refuseMore, requireWord, text, UsageError } from '../command.ts';
import { IDENTITY_FLAG, readIdentities } from '../config-identity.ts';
import { APPLICATION_FLAG, PLACE_FLAGS, readApplication, readCoordinates } from '../config-place.ts';
import { createReload } from '../reload.ts';
import type { Rendered, RenderTask } from '../render-loop.ts';
import type { Shell } from '../shell.ts';

export const configRender: Command = {
  name: 'config render',
  summary: 'Fill a template with configuration, for a program that only reads files; once, or at every change.',
  usage: 'TEMPLATE OUT',
  details:
    'A template is Liquid: {{ mail.host }}, {% for host in hosts %}…{% endfor %}, {{ port | default: 25 }}. What is not configured is an error and leaves the old file. Secrets are opened with your own key, and a file that holds one is for its owner only. With --watch it follows changes until Ctrl-C and tells the program once for each new file; a reload that fails is tried again.',
  examples: [
    'plumb config render nginx.conf.liquid /etc/nginx/nginx.conf -a edge',
    "plumb config render app.ini.liquid app.ini -a shop --env production --watch --reload 'systemctl reload shop'",
    'plumb config render redis.conf.liquid redis.conf -a cache --watch --signal HUP --pid-file /run/redis.pid',
  ],
  flags: {
    ...APPLICATION_FLAG,
    ...PLACE_FLAGS,
    once: { type: 'boolean', help: 'render and end, which is the default' },
    watch: { type: 'boolean', help: 'go on, and render again at every change' },
    reload: { type: 'string', value: 'COMMAND', help: 'run this when the file is new, in a shell' },
    signal: { type: 'string', value: 'NAME', help: 'send this signal when the file is new, such as HUP' },
    'pid-file': { type: 'string', value: 'FILE', help: 'the process to send it to' },
    ...IDENTITY_FLAG,
  },
  async run(words, flags, shell) {
    const [template, out] = [requireWord(words, 0, 'TEMPLATE'), requireWord(words, 1, 'OUT')];
    refuseMore(words, 2);
    if (flags['watch'] === true && flags['once'] === true)
      throw new UsageError('--once ends and --watch goes on: say one');
    const application = await readApplication(flags, shell);
    const task = createTask({ template, out, application }, flags, shell);
    const { config } = await shell.connect();
    const place = { application, ...readCoordinates(flags) };
    if (flags['watch'] === true) {
      await follow(config, place, task, shell);
      return 0;
    }
    const { revision, values } = await config.snapshot(place);
    const { renderFile } = await import('../render-loop.ts');
    const rendered = await renderFile(task, new Map(Object.entries(values)));
    await tellReads(config, application, task, rendered);
    if (shell.isJson) shell.json({ revision, file: task.file, ...rendered });
    else shell.out(describe(out, rendered));
    if (rendered.outcome === 'written') await task.reload?.(shell.signal);
    return 0;
  },
};

function createTask(
  { template, out, application }: { readonly template: string; readonly out: string; readonly application: string },
  flags: Flags,
  shell: Shell,
): RenderTask {
  const { directory } = shell;
  // Asked for when the first secret is written: who has none needs no key.
  let identities: Promise<readonly string[]> | undefined;
  return {
    name: template,
    file: path.resolve(directory, out),
    readTemplate: () => readTemplate(path.resolve(directory, template)),
    async open(key: string, sealed: SealedValue) {
      identities ??= readIdentities(flags, shell);
      const { openSealedValue } = await import('@plumb/vault');
      return openSealedValue({ application, key, sealed, identities: await identities });
    },
    reload: createReload({
      command: text(flags, 'reload'),
      signalName: text(flags, 'signal'),
      pidFile: text(flags, 'pid-file'),
      directory,
    }),
  };
}

async function readTemplate(file: string): Promise<string> {
  return fs.readFile(file, 'utf8').catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException;
    throw new OperatingError('not-found', `cannot read the template ${file} (${code}): name a file that you may read`);
  });
}

/** Until the person ends it, over all losses of the server. */
async function follow(
  config: ConfigClient,
  place: Parameters<ConfigClient['watch']>[0],
  task: RenderTask,
  shell: Shell,
): Promise<void> {
  const { signal, out, err, json, isJson, style, sleep } = shell;
  const { RenderLoop } = await import('../render-loop.ts');
  const loop = new RenderLoop(task, {
    random: systemRandom,
    sleep,
    signal,
    onRendered(rendered) {
      if (isJson) json({ file: task.file, ...rendered }, { isLine: true });
      else out(describe(task.file, rendered));
      void tellReads(config, place.application, task, rendered);
    },
    onReloaded: () => err(`${style.green('✓')} reloaded`),
    onTrouble(what, reason, retryMs) {
      const then = retryMs === undefined ? 'the old file stays' : `again in ${formatDuration(retryMs)}`;
      err(`${style.red('✖')} ${what === 'reload' ? 'reload failed: ' : ''}${reason}; ${then}`);
    },
  });
  const watch = (until: AbortSignal): ReturnType<ConfigClient['watch']> => config.watch(place, { signal: until });
  for await (const event of resubscribe(watch, { clock: systemClock, random: systemRandom, signal })) loop.apply(event);
  await loop.whenIdle();
}

/** The file is a reader of what is in it, so that nobody takes its keys for unused. */
async function tellReads(
  config: ConfigClient,
  application: string,
  task: RenderTask,
  { keys }: Rendered,
): Promise<void> {
  const instance = `file:${os.hostname()}:${task.file}`;
  if (keys.length === 0) return;
  // Evidence only: who may read but not say so still has the file.
  await config.reportReads({ application, instance, component: 'file', paths: [...keys] }).catch(() => undefined);
}

function describe(out: string, { outcome, secrets }: Rendered): string {
  const count = secrets.length === 1 ? '1 secret' : `${secrets.length} secrets`;
  const what = secrets.length === 0 ? '' : `, with ${count} and so for its owner only`;
  return outcome === 'unchanged' ? `${out} is up to date` : `${out} is written${what}`;
}
