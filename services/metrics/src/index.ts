export {
  type Board,
  type MetricMetadata,
  type MetricsClient,
  metricsContract,
  type MetricsHandlers,
  type Panel,
  type QueryResult,
  type Series,
  type Target,
} from './contract.ts';
export type { MetricFamily } from './exposition-text.ts';
