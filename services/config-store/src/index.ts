export { type ConfigClient, configContract, type ConfigHandlers } from './contract.ts';
export { type ConfigRecipient } from './contract/access.ts';
export { type ConfigFault, type Proposal } from './contract/guards.ts';
export { type ConfigConvergence, type Gate, type Rollout, type Stage } from './contract/rollouts.ts';
export { type ChangeOutcome, type ConfigEntry, type ValueChange, type WantedChange } from './contract/shapes.ts';
export { type ChangeSet, type ConfigChange } from './contract/values.ts';
