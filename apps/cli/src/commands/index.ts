/** Every command, in one visible list. */
import type { Command } from '../command.ts';
import { call } from './call.ts';
import { configCommands } from './config.ts';
import { deploy, plan } from './deploy.ts';
import { doctor } from './doctor.ts';
import { alerts, journal } from './events.ts';
import { logs } from './logs.ts';
import { query } from './query.ts';
import { resolve, services } from './services.ts';
import { status } from './status.ts';
import { tokenCreate, tokenLink, tokenList, tokenRevoke } from './token.ts';
import { tokenKeys } from './token-keys.ts';
import { remove, restart, stop } from './unit.ts';
import { up } from './up.ts';

export const commands: readonly Command[] = [
  up,
  plan,
  deploy,
  restart,
  stop,
  remove,
  status,
  logs,
  services,
  resolve,
  query,
  alerts,
  journal,
  ...configCommands,
  call,
  tokenCreate,
  tokenList,
  tokenRevoke,
  tokenLink,
  tokenKeys,
  doctor,
];
