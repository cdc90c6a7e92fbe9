import { type CommandResponse, type FormValues, Jid, runCommand, StanzaError, type XmppClient } from '@thingward/xmpp';
import { CommandError } from './errors.ts';
import { loadProfile, signIn } from './profile.ts';

/** Commands of a running server, run by an administrator who has signed in. @see XEP-0050, XEP-0133 */
export class Administration {
  readonly #client: XmppClient;
  readonly #profileFile: string;

  private constructor(client: XmppClient, profileFile: string) {
    this.#client = client;
    this.#profileFile = profileFile;
  }

  /** Signs in, does something, and signs out whatever happens. @param profile what --profile said */
  static async use<T>(profile: string | undefined, work: (administration: Administration) => Promise<T>): Promise<T> {
    const loaded = loadProfile(profile);
    const client = await signIn(loaded);
    try {
      return await work(new Administration(client, loaded.file));
    } finally {
      await client.stop();
    }
  }

  get domain(): string {
    return this.#client.jid.domain;
  }

  /** Runs a command to its end. @param needs what the server's configuration must say for it to be there @throws CommandError saying why it was refused */
  async run(node: string, values: FormValues = {}, needs?: string): Promise<CommandResponse> {
    try {
      return await runCommand(this.#client, { jid: Jid.parse(this.domain), node }, values);
    } catch (error) {
      throw this.#explained(error, needs);
    }
  }

  /** An account of the server by its name or address. */
  account(name: string): string {
    return name.includes('@') ? name : `${name}@${this.domain}`;
  }

  #explained(error: unknown, needs: string | undefined): unknown {
    if (!(error instanceof StanzaError)) return error;
    const account = this.#client.jid.bare;
    if (error.condition === 'forbidden') {
      const hint = `add it to auth.admins in the server's configuration, or use another profile`;
      return new CommandError(`${account} (${this.#profileFile}) is no administrator of ${this.domain}: ${hint}`);
    }
    if (error.condition === 'item-not-found' && needs !== undefined) {
      return new CommandError(`${this.domain} does not offer that: its configuration must have ${needs}`);
    }
    return new CommandError(error.text ?? error.message, { cause: error });
  }
}
