export type { ChainNodePlan, ChainNodePlanner, ChainNodeRequest, ChainProbe } from './chain-node.ts';
export {
  type ApplicationStatus,
  type ChainFacts,
  type DeployClient,
  deployContract,
  type DeployEvent,
  type DeployHandlers,
  type DeployProgress,
  type LogLine,
  type Plan,
  type PlanStep,
  type UnitState,
  unitStates,
  type UnitStatus,
} from './contract.ts';
