import type { ServerContext } from './module.ts';
import { modules } from './modules/index.ts';

/** The server's modules at work: what they can do is announced, and what they have begun can be ended. */
export class RunningModules {
  readonly #stops: (() => void | Promise<void>)[] = [];

  start(context: ServerContext): void {
    for (const module of modules) {
      if (module.identity) context.disco.addIdentity('server', module.identity);
      context.disco.addFeature('server', ...(module.features ?? []));
      context.disco.addFeature('account', ...(module.accountFeatures ?? []));
      const stop = module.start(context);
      if (stop) this.#stops.push(stop);
    }
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops) await stop();
  }
}
