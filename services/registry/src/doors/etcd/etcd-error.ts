/** Errors as etcd's clients know them: by their exact texts, and by gRPC's status codes. */
import { type ErrorCode, OperatingError } from '@plumb/base';

/** https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
export const GRPC = {
  cancelled: 1,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;
export type GrpcCode = (typeof GRPC)[keyof typeof GRPC];

export class EtcdError extends Error {
  readonly code: GrpcCode;

  constructor(code: GrpcCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** What etcd says; clients compare the texts (etcd 3.4, package `rpctypes`). */
const KNOWN = {
  compacted: [GRPC.outOfRange, 'etcdserver: mvcc: required revision has been compacted'],
  duplicateKey: [GRPC.invalidArgument, 'etcdserver: duplicate key given in txn request'],
  emptyKey: [GRPC.invalidArgument, 'etcdserver: key is not provided'],
  futureRevision: [GRPC.outOfRange, 'etcdserver: mvcc: required revision is a future revision'],
  invalidToken: [GRPC.unauthenticated, 'etcdserver: invalid auth token'],
  keyNotFound: [GRPC.invalidArgument, 'etcdserver: key not found'],
  leaseExists: [GRPC.failedPrecondition, 'etcdserver: lease already exists'],
  leaseNotFound: [GRPC.notFound, 'etcdserver: requested lease not found'],
  leaseProvided: [GRPC.invalidArgument, 'etcdserver: lease is provided'],
  leaseTtlTooLarge: [GRPC.outOfRange, 'etcdserver: too large lease TTL'],
  permissionDenied: [GRPC.permissionDenied, 'etcdserver: permission denied'],
  stopped: [GRPC.unavailable, 'etcdserver: server stopped'],
  tooLarge: [GRPC.invalidArgument, 'etcdserver: request is too large'],
  tooManyOperations: [GRPC.invalidArgument, 'etcdserver: too many operations in txn request'],
  tooManyRequests: [GRPC.resourceExhausted, 'etcdserver: too many requests'],
  userEmpty: [GRPC.unauthenticated, 'etcdserver: user name is empty'],
  valueProvided: [GRPC.invalidArgument, 'etcdserver: value is provided'],
  wrongPassword: [GRPC.invalidArgument, 'etcdserver: authentication failed, invalid user ID or password'],
} as const satisfies Readonly<Record<string, readonly [GrpcCode, string]>>;

export function knownError(name: keyof typeof KNOWN): EtcdError {
  const [code, text] = KNOWN[name];
  return new EtcdError(code, text);
}

const CODES: Readonly<Record<ErrorCode, GrpcCode>> = {
  'not-found': GRPC.notFound,
  'already-exists': GRPC.alreadyExists,
  conflict: GRPC.aborted,
  invalid: GRPC.invalidArgument,
  denied: GRPC.permissionDenied,
  unavailable: GRPC.unavailable,
  deadline: GRPC.deadlineExceeded,
  exhausted: GRPC.resourceExhausted,
  internal: GRPC.internal,
};

/** What a caller is told of anything thrown; undefined for a bug, whose details are for the log alone. */
export function toEtcdError(error: unknown): EtcdError | undefined {
  if (error instanceof EtcdError) return error;
  if (!(error instanceof OperatingError) || error.code === 'internal') return undefined;
  return new EtcdError(CODES[error.code], `etcdserver: ${error.message}`);
}

export const INTERNAL_ERROR = new EtcdError(GRPC.internal, 'etcdserver: internal error: it is in the log of plumbd');
