import type { StreamError } from '@thingward/xmpp';
import type { ServerConfig } from '../config.ts';
import type { Tls } from '../tls.ts';
import type { Federation } from './federation.ts';

/** A change that is ready: it is carried out, which doesn't fail, or taken back. */
export interface ReadyChange {
  apply(): Promise<void>;
  takeBack(): Promise<void>;
}

const NOTHING = async () => undefined;

/** The exchange with other servers, turned on and off by the configuration: it is on where a door of it is to be open. */
export class FederationSwitch {
  readonly #start: (config: ServerConfig, tls: Tls) => Promise<Federation>;
  #current: Federation | undefined;

  constructor(start: (config: ServerConfig, tls: Tls) => Promise<Federation>) {
    this.#start = start;
  }

  get current(): Federation | undefined {
    return this.#current;
  }

  /** Does all that can fail of a change to another configuration or certificate. @throws TlsError, ListenError */
  async prepare(config: ServerConfig, tls: Tls): Promise<ReadyChange> {
    const former = this.#current;
    const isWanted = config.listen.s2s !== undefined || config.listen.s2sTls !== undefined;
    if (!former && !isWanted) return { apply: NOTHING, takeBack: NOTHING };
    if (!former) {
      const started = await this.#start(config, tls);
      return {
        apply: async () => {
          this.#current = started;
        },
        takeBack: () => started.stop(),
      };
    }
    const s2sTls = former.prepareTls(tls, config.s2s.trust?.ca);
    const takeBack = isWanted ? await former.listen(config.listen) : NOTHING;
    return {
      apply: async () => {
        former.configure(s2sTls);
        if (isWanted) return;
        this.#current = undefined;
        await former.stop();
      },
      takeBack,
    };
  }

  async stop(error: StreamError): Promise<void> {
    await this.#current?.stop(error);
  }
}
