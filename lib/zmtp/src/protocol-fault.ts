import { OperatingError } from '@plumb/base';

/** What the other side did that ZMTP forbids. The connection is closed with it. */
export function protocolFault(what: string): OperatingError {
  return new OperatingError('invalid', `the peer does not keep to ZMTP: ${what}`);
}
