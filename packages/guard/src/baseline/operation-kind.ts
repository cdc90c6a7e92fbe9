import { isChange } from '../guard-decision.ts';
import type { Operation } from '../operation.ts';
import type { AddressRange } from './address-ranges.ts';

/** An operation as far as it can be usual: what it is and where, not with which value. */
export interface OperationKind {
  /** For people, too. */
  readonly text: string;
  readonly isChange: boolean;
  readonly address: { readonly table: string; readonly range: AddressRange } | undefined;
  /** Where it is, for scans. */
  readonly place: string;
}

const MAX_TEXT = 200;

export function kindOf({ action, resource, facts }: Operation): OperationKind {
  const { name, unit, table, address, lastAddress, channel, method, path, attribute, methodId } = facts;
  const changes = isChange(action);
  let text: string = action;
  if (facts.function !== undefined) text += ` function ${facts.function}`;
  if (method !== undefined) text += ` ${method}`;
  const what = name ?? path;
  if (what !== undefined) text += ` ${what}`;
  if (unit !== undefined) text += ` unit ${unit}`;
  if (channel !== undefined) text += ` channel ${channel}`;
  if (attribute !== undefined) text += ` ${attribute}`;
  if (methodId !== undefined) text += ` ${methodId}`;
  if (table !== undefined) text += ` ${table}`;
  if (resource.node !== undefined) text += ` at #${resource.node}`;
  text = `${facts.protocol}: ${text}`.slice(0, MAX_TEXT);
  if (address === undefined) return { text, isChange: changes, address: undefined, place: text };
  const range: AddressRange = [address, Math.max(address, lastAddress ?? address)];
  const where = `${changes ? 'change' : 'read'}${unit === undefined ? '' : ` unit ${unit}`} ${table ?? 'address'}`;
  const at = resource.node === undefined ? where : `${where} at #${resource.node}`;
  return { text, isChange: changes, address: { table: at.slice(0, MAX_TEXT), range }, place: `${at} ${range[0]}` };
}
