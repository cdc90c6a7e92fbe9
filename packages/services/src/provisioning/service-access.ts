import { randomBytes } from 'node:crypto';
import {
  type Credential,
  decodeAccessQuestion,
  decodeDownloadPrivileges,
  decodeHasPrivilege,
  decodeUserLoggedIn,
  decodingRequest,
  encodeAccessAnswer,
  encodeHasPrivilegeResponse,
  encodePrivileges,
  isPrivilegeGranted,
  PROVISIONING_NAMESPACE,
  type PrivilegeRule,
  type SeenService,
  type ServiceUser,
} from '@thingward/things';
import type { Element } from '@thingward/xml';
import {
  decodeBase64,
  encodeBase64,
  type IqRequest,
  Jid,
  type Logger,
  type Received,
  StanzaError,
  type Unsubscribe,
  type XmppPeer,
} from '@thingward/xmpp';
import type { Kysely } from 'kysely';
import { type AccessConditions, knownUser, meets } from './credential-match.ts';
import type { ProvisioningTables } from './tables.ts';
import type { TokenAuthority } from './token-authority.ts';

const TOKEN_BYTES = 18;
const MAX_CREDENTIALS = 20;
const MAX_CREDENTIAL_LENGTH = 16_384;
/** Users of one service that are remembered, and for how long. */
const MAX_USERS = 10_000;
const USER_MS = 30 * 86_400_000;
/** Names and privileges of one service that are remembered. */
const MAX_ITEMS = 500;
const MAX_ITEM_LENGTH = 256;
/** Services that are remembered, though they are not in the configuration; and what is told at once. */
const MAX_STRANGERS = 100;
const MAX_SHOWN = 100;

/** Who may use a service, and what they may do there; the first that fits a user decides. */
export interface AccessGrant extends AccessConditions {
  readonly allow: boolean;
  readonly privileges: readonly PrivilegeRule[];
}

/** A service that asks about its users. */
export interface ProvisionedService {
  readonly name: string;
  /** SHA-256 of its certificate, in lower-case hexadecimal. */
  readonly fingerprint: string;
  readonly grants: readonly AccessGrant[];
}

export interface ServiceAccessOptions {
  readonly peer: XmppPeer;
  readonly database: Kysely<ProvisioningTables>;
  readonly tokens: TokenAuthority;
  readonly services: readonly ProvisionedService[];
  readonly now: () => number;
  readonly log: Logger;
}

/** Tells services who may use them and what their users may do. @see XEP-0324 §3.6, §3.7 */
export class ServiceAccess {
  readonly #options: ServiceAccessOptions;

  constructor(options: ServiceAccessOptions) {
    this.#options = options;
  }

  serve(): readonly Unsubscribe[] {
    const { peer } = this.#options;
    const namespace = PROVISIONING_NAMESPACE;
    return [
      peer.onIq('get', { name: 'canAccess', namespace }, (request) => this.#canAccess(request)),
      peer.onIq('get', { name: 'hasPrivilege', namespace }, (request) => this.#hasPrivilege(request)),
      peer.onIq('get', { name: 'downloadPrivileges', namespace }, (request) => this.#download(request)),
      peer.onMessage({ name: 'userLoggedIn', namespace }, (received, payload) => this.#loggedIn(received, payload)),
    ];
  }

  /** The services of the configuration, and others that have asked: what there is to decide about. @see XEP-0324 §5.4 */
  async seen(): Promise<readonly SeenService[]> {
    const { database, services } = this.#options;
    const items = await database.selectFrom('provisioning_service_items').selectAll().orderBy('name').execute();
    const fingerprints = [
      ...new Set([...services.map(({ fingerprint }) => fingerprint), ...items.map((item) => item.service)]),
    ];
    const shown = fingerprints.slice(0, MAX_SHOWN);
    const certificates =
      shown.length === 0
        ? []
        : await database
            .selectFrom('provisioning_tokens')
            .select(['fingerprint', 'jid'])
            .where('fingerprint', 'in', shown)
            .execute();
    return shown.map((fingerprint) => {
      const heard = (kind: 'user' | 'privilege') =>
        items
          .flatMap((item) => (item.service === fingerprint && item.kind === kind ? [item.name] : []))
          .slice(0, MAX_SHOWN);
      const jid = certificates.find((certificate) => certificate.fingerprint === fingerprint)?.jid;
      return {
        certificate: fingerprint,
        jid: jid === undefined ? undefined : Jid.parse(jid),
        name: services.find((service) => service.fingerprint === fingerprint)?.name,
        privileges: heard('privilege'),
        users: heard('user'),
      };
    });
  }

  /** The service whose user it is, by fingerprint; undefined when there is no such user. */
  async serviceOf(userToken: string): Promise<string | undefined> {
    const row = await this.#options.database
      .selectFrom('provisioning_users')
      .select('service')
      .where('token', '=', userToken)
      .where('made_at', '>', this.#options.now() - USER_MS)
      .executeTakeFirst();
    return row?.service;
  }

  async #canAccess({ from, payload }: IqRequest): Promise<Element> {
    const { serviceToken, credentials } = decodingRequest(() => decodeAccessQuestion(payload));
    if (credentials.length > MAX_CREDENTIALS || JSON.stringify(stored(credentials)).length > MAX_CREDENTIAL_LENGTH) {
      throw new StanzaError('policy-violation', `there are at most ${MAX_CREDENTIALS} credentials, none of them long`);
    }
    const service = await this.#serviceAt(from, serviceToken);
    if (service === undefined) return encodeAccessAnswer({ isAllowed: false });
    for (const name of knownUser(credentials).userName) await this.#heard(service, 'user', name);
    if (!this.#grantFor(service, credentials)?.allow) return encodeAccessAnswer({ isAllowed: false });
    const userToken = randomBytes(TOKEN_BYTES).toString('base64url');
    await this.#remember({ userToken, service }, credentials);
    return encodeAccessAnswer({ isAllowed: true, userToken });
  }

  async #loggedIn({ from, type }: Received, payload: Element): Promise<void> {
    if (type === 'error') return;
    const { userName, ...user } = decodingRequest(() => decodeUserLoggedIn(payload));
    const service = await this.#serviceAt(from, user.serviceToken);
    if (service === undefined) return;
    const credentials = await this.#credentialsOf({ userToken: user.userToken, service });
    if (credentials === undefined || userName.length > MAX_ITEM_LENGTH) return;
    const others = credentials.filter(({ kind }) => kind !== 'userName');
    const all: readonly Credential[] = [...others, { kind: 'userName', value: userName }];
    await this.#options.database
      .updateTable('provisioning_users')
      .set({ credentials: JSON.stringify(stored(all)) })
      .where('token', '=', user.userToken)
      .execute();
    await this.#heard(service, 'user', userName);
  }

  async #hasPrivilege({ from, payload }: IqRequest): Promise<Element> {
    const { privilegeId, ...user } = decodingRequest(() => decodeHasPrivilege(payload));
    return encodeHasPrivilegeResponse(isPrivilegeGranted(await this.#privileges(from, user, privilegeId), privilegeId));
  }

  async #download({ from, payload }: IqRequest): Promise<Element> {
    const user = decodingRequest(() => decodeDownloadPrivileges(payload));
    return encodePrivileges(await this.#privileges(from, user));
  }

  /** Of a user as it is known now; none where service or user are not known. */
  async #privileges(from: Jid, user: ServiceUser, asked?: string): Promise<readonly PrivilegeRule[]> {
    const service = await this.#serviceAt(from, user.serviceToken);
    if (service === undefined) return [];
    if (asked !== undefined) await this.#heard(service, 'privilege', asked);
    const credentials = await this.#credentialsOf({ userToken: user.userToken, service });
    const grant = credentials && this.#grantFor(service, credentials);
    return grant?.allow ? grant.privileges : [];
  }

  /** The fingerprint of the service that speaks, which has proven that its token is its own; undefined when it has not. */
  async #serviceAt(from: Jid, serviceTokens: string): Promise<string | undefined> {
    const { tokens } = this.#options;
    for (const token of serviceTokens.split(/\s+/).slice(0, 10)) {
      const fingerprint = await tokens.fingerprintOf(token);
      if (fingerprint && (await tokens.isProven(token, from, from, PROVISIONING_NAMESPACE))) return fingerprint;
    }
    return undefined;
  }

  #grantFor(service: string, credentials: readonly Credential[]): AccessGrant | undefined {
    const user = knownUser(credentials);
    const known = this.#options.services.find(({ fingerprint }) => fingerprint === service);
    return known?.grants.find((grant) => meets(user, grant));
  }

  async #credentialsOf({ userToken, service }: { userToken: string; service: string }) {
    const row = await this.#options.database
      .selectFrom('provisioning_users')
      .select('credentials')
      .where('token', '=', userToken)
      .where('service', '=', service)
      .where('made_at', '>', this.#options.now() - USER_MS)
      .executeTakeFirst();
    return row && restored(row.credentials);
  }

  async #remember(
    { userToken, service }: { userToken: string; service: string },
    credentials: readonly Credential[],
  ): Promise<void> {
    const { database, now } = this.#options;
    await database.transaction().execute(async (transaction) => {
      const users = await transaction
        .selectFrom('provisioning_users')
        .select('made_at')
        .where('service', '=', service)
        .orderBy('made_at', 'desc')
        .offset(MAX_USERS - 1)
        .limit(1)
        .executeTakeFirst();
      const oldest = Math.max(now() - USER_MS, users ? Number(users.made_at) : 0);
      await transaction
        .deleteFrom('provisioning_users')
        .where('service', '=', service)
        .where('made_at', '<=', oldest)
        .execute();
      await transaction
        .insertInto('provisioning_users')
        .values({ token: userToken, service, credentials: JSON.stringify(stored(credentials)), made_at: now() })
        .execute();
    });
  }

  /** Remembers, within bounds, what there is to decide about. @see XEP-0324 §5.4 */
  async #heard(service: string, kind: 'user' | 'privilege', name: string): Promise<void> {
    if (name === '' || name.length > MAX_ITEM_LENGTH) return;
    const { database, services } = this.#options;
    const rows = await database
      .selectFrom('provisioning_service_items')
      .select('name')
      .where(({ and }) => and({ service, kind }))
      .execute();
    if (rows.length >= MAX_ITEMS || rows.some((row) => row.name === name)) return;
    if (rows.length === 0 && !services.some(({ fingerprint }) => fingerprint === service)) {
      const strangers = await database
        .selectFrom('provisioning_service_items')
        .select('service')
        .distinct()
        .limit(MAX_STRANGERS)
        .execute();
      if (strangers.length >= MAX_STRANGERS) return;
    }
    await database
      .insertInto('provisioning_service_items')
      .values({ service, kind, name })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}

function stored(credentials: readonly Credential[]): readonly unknown[] {
  return credentials.map((credential) =>
    credential.value instanceof Uint8Array ? { ...credential, value: encodeBase64(credential.value) } : credential,
  );
}

function restored(text: string): readonly Credential[] {
  return (JSON.parse(text) as { kind: Credential['kind']; value: string | number }[]).map((credential) => {
    const isBinary = credential.kind === 'x509Certificate' || credential.kind === 'x509CertificateThumbprint';
    return (isBinary ? { ...credential, value: decodeBase64(credential.value as string) } : credential) as Credential;
  });
}
