export {
  type Alert,
  alertStates,
  type EventsClient,
  eventsContract,
  type EventsHandlers,
  type Incident,
  type JournalEntry,
  type JournalKind,
  journalKinds,
  notifyKeys,
  type Rule,
} from './contract.ts';
