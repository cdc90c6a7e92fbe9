import { DNP3_SCHEMAS } from '@thingward/dnp3';
import { IEEE1451_SCHEMAS } from '@thingward/ieee1451/schemas';
import { MODBUS_SCHEMAS } from '@thingward/modbus';
import { thingSchemas } from '@thingward/things/node';
import { type Connector, type Logger, XmppClient } from '@thingward/xmpp';
import { ExiCompressor } from '@thingward/xmpp/exi';
import type { findServers } from '@thingward/xmpp/finding';
import { readSchemas, type TlsTrust, xmppSchemas } from '@thingward/xmpp/node';
import type { AccountConfig, ServerConfig } from '../config.ts';
import { OwnAccounts } from '../state/own-accounts.ts';
import { ServerPins } from '../state/server-pin.ts';
import { StoredSetUps } from '../state/set-up-store.ts';
import { StoredSignIns } from '../state/sign-in-store.ts';
import type { StateDatabase } from '../state/state-database.ts';
import { credentialsOf } from './account-credentials.ts';
import { readText } from './config-files.ts';
import { ServerConnector } from './server-connector.ts';
import { type Door, ServerDoors } from './server-doors.ts';

export interface AccountClientsOptions {
  readonly server: ServerConfig;
  /** The directory that relative paths in the configuration start from. */
  readonly baseDirectory: string;
  readonly state: StateDatabase;
  /** Beginning of the resources. */
  readonly tag: string;
  /** Do sessions go on over the next connection? Then what was sent meanwhile arrives late. */
  readonly resumes: boolean;
  readonly log: Logger;
  /** Makes connections to the server; for tests. */
  readonly connect?: Connector | undefined;
  /** Looks for servers; for tests. */
  readonly findServers?: typeof findServers | undefined;
}

const FINDING_TIMEOUT_MS = 45_000;

/** Makes the clients of accounts of one server, which share what is known of it: its doors, its certificate, set-ups of EXI. */
export class AccountClients {
  readonly #options: AccountClientsOptions;
  readonly #trust: TlsTrust | undefined;
  readonly #doors: ServerDoors;
  readonly #pins: ServerPins;
  readonly #ownAccounts: OwnAccounts;
  readonly #signIns: StoredSignIns;
  readonly #compression: ExiCompressor | undefined;

  /** @throws GatewayConfigError */
  constructor(options: AccountClientsOptions) {
    this.#options = options;
    const { server, baseDirectory, state, log, findServers } = options;
    this.#trust = trustOf(server, baseDirectory);
    this.#pins = new ServerPins(state);
    this.#ownAccounts = new OwnAccounts(state);
    this.#signIns = new StoredSignIns(state);
    const domain = server.domain.domain;
    this.#doors = new ServerDoors({ domain, fixed: fixedDoor(server), find: server.find, log, findServers });
    this.#compression = server.exi ? exiCompressor(state) : undefined;
  }

  /** A client that is not started. @throws GatewayConfigError */
  client(account: AccountConfig): XmppClient {
    const { server, baseDirectory, tag, resumes, log, connect } = this.#options;
    const credentials = credentialsOf(account, baseDirectory, this.#ownAccounts);
    const { password } = credentials;
    const connector = new ServerConnector({
      domain: server.domain.domain,
      doors: this.#doors,
      trust: this.#trust,
      pins: this.#pins,
      account: account.jid,
      credentials,
      ownAccounts: this.#ownAccounts,
      log,
    });
    const client = new XmppClient({
      jid: account.jid,
      ...(password === undefined ? {} : { password }),
      tag,
      userAgent: { id: this.#signIns.installationId(account.jid), software: 'Thingward' },
      tokens: this.#signIns,
      resumes,
      ...(this.#compression && { compression: this.#compression }),
      connect: connect ?? connector.connect,
      // Looking around takes its time, and so does one door after the other.
      ...(server.find && { connectTimeoutMs: FINDING_TIMEOUT_MS }),
      // A server that nobody has vouched for is shown no password, and its refusal is no last word. Nor is one of a certificate, which
      // can't be guessed: the server may not have heard of the device yet, or be about to take it into use again.
      refusesPlain: server.trustOnFirstUse,
      persists: () => connector.isFirstUse || credentials.certificate !== undefined,
      log,
    });
    client.onOnline(() => connector.confirm());
    return client;
  }
}

/** All accounts have one: their schemas and set-ups are the same. */
function exiCompressor(state: StateDatabase): ExiCompressor {
  const packets = [MODBUS_SCHEMAS, DNP3_SCHEMAS, IEEE1451_SCHEMAS].flatMap((folder) => readSchemas(folder));
  return new ExiCompressor({
    schemas: [...xmppSchemas(), ...thingSchemas(), ...packets],
    keeper: new StoredSetUps(state),
  });
}

/** What the configuration says of whom to trust; undefined: the first server is. @throws GatewayConfigError */
function trustOf(server: ServerConfig, baseDirectory: string): TlsTrust | undefined {
  const { fingerprint, ca, trustOnFirstUse } = server;
  if (trustOnFirstUse) return undefined;
  return { fingerprint, ca: ca === undefined ? undefined : readText(baseDirectory, ca, 'server.ca') };
}

/** The door that the configuration names, if it names one. */
function fixedDoor({ domain, find, host, port, tls }: ServerConfig): Door | undefined {
  if (find || (host === undefined && port === undefined && tls === undefined)) return undefined;
  return {
    domain: domain.domain,
    host: host ?? domain.domain,
    port: port ?? (tls === 'direct' ? 5223 : 5222),
    tls: tls ?? 'starttls',
  };
}
