import { Jid, JidError, StanzaError } from '@thingward/xmpp';
import type { Settings } from '../storage/settings.ts';

const SETTING = 'administrators';
const MAX_ADMINISTRATORS = 200;

/** Who may administrate the server: those the configuration names, and those whom they have added since. */
export class Administrators {
  readonly #inConfiguration: () => readonly Jid[];
  readonly #settings: Settings;
  #added: Promise<ReadonlySet<string>> | undefined;

  /** @param inConfiguration bare JIDs, asked for when they are needed */
  constructor(inConfiguration: () => readonly Jid[], settings: Settings) {
    this.#inConfiguration = inConfiguration;
    this.#settings = settings;
  }

  get #configured(): ReadonlySet<string> {
    return new Set(this.#inConfiguration().map((jid) => jid.toString()));
  }

  async includes(jid: Jid): Promise<boolean> {
    const account = jid.bare.toString();
    return this.#configured.has(account) || (await this.#stored()).has(account);
  }

  /** Is it the configuration that names it? Then nothing but the configuration can take that away. */
  isConfigured(jid: Jid): boolean {
    return this.#configured.has(jid.bare.toString());
  }

  async list(): Promise<readonly string[]> {
    return [...new Set([...this.#configured, ...(await this.#stored())])].sort();
  }

  /** Makes these, with those of the configuration, all there are. @throws StanzaError `not-allowed` when one of the configuration is missing */
  async replace(jids: readonly Jid[]): Promise<void> {
    const wanted = new Set(jids.map((jid) => jid.bare.toString()));
    const missing = [...this.#configured].find((jid) => !wanted.has(jid));
    if (missing) {
      throw new StanzaError('not-allowed', `${missing} is named in the configuration (auth.admins); take it out there`);
    }
    if (wanted.size > MAX_ADMINISTRATORS) {
      throw new StanzaError('resource-constraint', `at most ${MAX_ADMINISTRATORS} administrators`);
    }
    await this.#store(new Set([...wanted].filter((jid) => !this.#configured.has(jid))));
  }

  /** To be called when an account is gone, so that who has its name next does not inherit it. */
  async forget(jid: Jid): Promise<void> {
    const stored = await this.#stored();
    const account = jid.bare.toString();
    if (stored.has(account)) await this.#store(new Set([...stored].filter((other) => other !== account)));
  }

  async #store(jids: ReadonlySet<string>): Promise<void> {
    await this.#settings.set(SETTING, JSON.stringify([...jids]));
    this.#added = Promise.resolve(jids);
  }

  #stored(): Promise<ReadonlySet<string>> {
    this.#added ??= this.#load().catch((error: unknown) => {
      this.#added = undefined;
      throw error;
    });
    return this.#added;
  }

  async #load(): Promise<ReadonlySet<string>> {
    const text = await this.#settings.get(SETTING);
    return new Set(text === undefined ? [] : (JSON.parse(text) as string[]));
  }
}

/** The address as a bare JID. @throws StanzaError `jid-malformed` */
export function parseAddress(text: string): Jid {
  try {
    return Jid.parse(text.trim());
  } catch (error) {
    if (error instanceof JidError) throw new StanzaError('jid-malformed', `"${text}" is no address: ${error.message}`);
    throw error;
  }
}
