/** Which recipients are for which values. Pure. */
import { parseLayer } from '@plumb/config/layers';
import type { Caller } from '@plumb/rpc';
import type { ConfigRecipient } from './contract/access.ts';

/** The owner that a caller is: an application is one owner, however many instances it has. */
export function ownerOf({ id, application }: Pick<Caller, 'id' | 'application'>): string {
  return application === undefined ? id : `application:${application}`;
}

/** A recipient without an application is for all of them, and so it is with environments; so is a place without either. */
export function appliesTo(
  one: Pick<ConfigRecipient, 'application' | 'environment'>,
  place: { readonly application?: string | undefined; readonly environment?: string | undefined },
): boolean {
  return fits(one.application, place.application) && fits(one.environment, place.environment);
}

/** What reads an environment must open what is in its layers; what is in the others is read by all environments. */
export function recipientsFor(
  recipients: Iterable<ConfigRecipient>,
  application: string,
  layer: string,
): readonly ConfigRecipient[] {
  const parsed = parseLayer(layer);
  const environment = 'environment' in parsed ? parsed.environment : undefined;
  return [...recipients].filter((one) => appliesTo(one, { application, environment }));
}

function fits(own: string | undefined, wanted: string | undefined): boolean {
  return own === undefined || wanted === undefined || own === wanted;
}
