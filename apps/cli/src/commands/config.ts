/** Every `plumb config` command, in the order of its help. */
import type { Command } from '../command.ts';
import { configApply } from './config-apply.ts';
import { configDiff, configLog } from './config-changes.ts';
import { configCompare, configExplain } from './config-compare.ts';
import { configConvergence } from './config-convergence.ts';
import { configUnused, configWhoReads } from './config-evidence.ts';
import { configExport } from './config-export.ts';
import { configGet } from './config-get.ts';
import { configImport } from './config-import.ts';
import { configKeysCreate, configKeysShow } from './config-keys.ts';
import { configHistory, configList, configWatch } from './config-list.ts';
import { configApprove, configProposals, configProtect, configReject, configUnprotect } from './config-protect.ts';
import {
  configRecipients,
  configRecipientsAdd,
  configRecipientsRemove,
  configWhoCanRead,
} from './config-recipients.ts';
import { configRekey } from './config-rekey.ts';
import { configRender } from './config-render.ts';
import { configRollback } from './config-rollback.ts';
import { configRolloutStart } from './config-rollout.ts';
import { configRolloutList, configRolloutRevert, configRolloutStatus, configRolloutWiden } from './config-rollouts.ts';
import { configSchemaGet, configSchemaRemove, configSchemaSet } from './config-schema.ts';
import { configSet, configUnset } from './config-set.ts';

export const configCommands: readonly Command[] = [
  configGet,
  configSet,
  configUnset,
  configList,
  configHistory,
  configWatch,
  configDiff,
  configLog,
  configRollback,
  configApply,
  configExplain,
  configCompare,
  configConvergence,
  configWhoReads,
  configUnused,
  configSchemaGet,
  configSchemaSet,
  configSchemaRemove,
  configProtect,
  configUnprotect,
  configProposals,
  configApprove,
  configReject,
  configRolloutStart,
  configRolloutList,
  configRolloutStatus,
  configRolloutWiden,
  configRolloutRevert,
  configKeysCreate,
  configKeysShow,
  configRecipients,
  configRecipientsAdd,
  configRecipientsRemove,
  configWhoCanRead,
  configRekey,
  configImport,
  configExport,
  configRender,
];
