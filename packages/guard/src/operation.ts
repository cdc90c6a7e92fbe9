import type { Jid } from '@thingward/xmpp';

/**
 * What can be done, as policies name it. `read`, `subscribe`, `browse` and `connect` observe; `set`, `write`, `execute` and `edit`
 * control; `publish` and `administer` are acts at services; `opaque` is what is carried without being seen, such as what is encrypted
 * for somebody else; `unknown` is what no inspector understands.
 */
export const ACTIONS = [
  'read',
  'subscribe',
  'browse',
  'connect',
  'set',
  'write',
  'execute',
  'edit',
  'publish',
  'administer',
  'opaque',
  'unknown',
] as const;
export type ActionName = (typeof ACTIONS)[number];

/** What something is done to. */
export interface ResourceReference {
  /** `thing`: a JID, or a node behind it. `service`: a service, or a node of publish-subscribe. */
  readonly kind: 'thing' | 'service';
  /** Bare JID, normalised. */
  readonly jid: string;
  /** nodeId behind the JID (XEP-0326), or the node of publish-subscribe. */
  readonly node?: string | undefined;
}

/** What the payload says about the operation. Every one is an attribute of `context` in policies. */
export interface OperationFacts {
  /** What it was said in, such as `control` or `modbus`. */
  readonly protocol: string;
  /** Of a field, parameter, command or act. */
  readonly name?: string | undefined;
  /** A value as it was written. */
  readonly text?: string | undefined;
  /** The value, where it is a number: with up to 4 decimals, in the range of Cedar's `decimal`. */
  readonly number?: DecimalText | undefined;
  /** Kinds of fields asked for; all of them where nothing was said. */
  readonly fieldTypes?: readonly string[] | undefined;
  readonly sourceId?: string | undefined;
  readonly cacheType?: string | undefined;
  /** Of HTTP: in upper case. */
  readonly method?: string | undefined;
  /** Of HTTP: without query, `.` and `..` resolved, percent signs decoded. */
  readonly path?: string | undefined;
  /** Of packets of field protocols. */
  readonly function?: number | undefined;
  readonly unit?: number | undefined;
  /** Such as `coil`, or `holdingRegister`. */
  readonly table?: string | undefined;
  /** First and last address that is touched. */
  readonly address?: number | undefined;
  readonly lastAddress?: number | undefined;
  readonly channel?: number | undefined;
  /** Of nodes of OPC UA: such as `Value`; the part of an array, such as `2:4`. */
  readonly attribute?: string | undefined;
  readonly indexRange?: string | undefined;
  /** Of calls of OPC UA: the method, and which of its arguments, from 0, the value is. */
  readonly methodId?: string | undefined;
  readonly argument?: number | undefined;
  /** Of channels of OPC UA that are opened: `None`, `Sign`, `SignAndEncrypt`. */
  readonly securityMode?: string | undefined;
  /** Of sessions of OPC UA that are activated: `Anonymous`, `UserName`, `Certificate`, `IssuedToken`. */
  readonly userToken?: string | undefined;
  /** Was it found inside something else, such as a forwarded message? */
  readonly isNested?: boolean | undefined;
  /** Why it was not understood. */
  readonly problem?: string | undefined;
}

/** A number with one to four decimals, as Cedar's `decimal` has it. */
export type DecimalText = string & { readonly decimal: unique symbol };

/** What an inspector finds in a payload. Who does it, and under what circumstances, is not for the payload to say. */
export interface FoundOperation {
  readonly action: ActionName;
  readonly resource: ResourceReference;
  readonly facts: OperationFacts;
}

/** How a requester reached whoever enforces. */
export const ORIGINS = ['client', 'server', 'component', 'service', 'gateway'] as const;
export type Origin = (typeof ORIGINS)[number];

/**
 * How strongly a requester has authenticated, weakest first: not at all, by a secret that travels, by one that does not, bound to
 * the TLS channel, by a certificate.
 */
export const AUTHENTICATION_STRENGTHS = ['none', 'plain', 'challenge', 'channelBound', 'certificate'] as const;
export type AuthenticationStrength = (typeof AUTHENTICATION_STRENGTHS)[number];

/** What whoever enforces knows about the requester's connection. */
export interface Circumstances {
  readonly origin: Origin;
  readonly isEncrypted: boolean;
  readonly authentication: AuthenticationStrength;
  /** IP address, without port. */
  readonly address?: string | undefined;
}

/** May PRINCIPAL do ACTION on RESOURCE in CONTEXT? */
export interface Operation extends FoundOperation {
  /** Vouched for by whoever enforces. */
  readonly principal: Jid;
  readonly circumstances: Circumstances;
}

/** The resource as policies write it: `jid`, or `jid#node`. A `#` of the localpart is written `%23`, so that none is ambiguous. */
export function resourceId({ jid, node }: ResourceReference): string {
  const address = jid.includes('#') ? jid.replaceAll('#', '%23') : jid;
  return node === undefined ? address : `${address}#${node}`;
}

/** What `resourceId` wrote. */
export function parseResourceId(id: string): { readonly jid: string; readonly node?: string } {
  const hash = id.indexOf('#');
  const jid = (hash === -1 ? id : id.slice(0, hash)).replaceAll('%23', '#');
  return hash === -1 ? { jid } : { jid, node: id.slice(hash + 1) };
}
