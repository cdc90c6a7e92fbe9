import { aggregated } from './aggregation.ts';
import type { InteroperabilityInterface } from './interface.ts';
import { INTERFACES } from './interfaces/index.ts';

/** What all names of the document begin with. Others belong to whoever owns their first part. @see XEP-0000: Interoperability §3 */
export const DOCUMENT_PREFIX = 'XMPP.IoT.';

const BY_NAME = new Map(INTERFACES.map((defined) => [defined.name, defined]));

/** The interface with this name, aggregations such as `XMPP.IoT.Meter.Electricity.Average` included; undefined when there is none. */
export function findInterface(name: string): InteroperabilityInterface | undefined {
  const defined = BY_NAME.get(name);
  if (defined) return defined;
  const dot = name.lastIndexOf('.');
  const base = BY_NAME.get(name.slice(0, Math.max(0, dot)));
  return base && aggregated(base, name.slice(dot + 1));
}

/** Is it a name of the document's that the document does not have? What others define is theirs. */
export function isUndefinedInterface(name: string): boolean {
  return name.startsWith(DOCUMENT_PREFIX) && findInterface(name) === undefined;
}
