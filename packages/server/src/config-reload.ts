import type { ComponentHub } from './components/component-hub.ts';
import type { ServerConfig } from './config.ts';
import type { ServerGuard } from './guard/server-guard.ts';
import type { HttpDoor } from './http/http-door.ts';
import { type ClientDoors, proxiesOf } from './listeners/client-doors.ts';
import type { ProxyProtocol } from './listeners/proxy-protocol/proxy-protocol.ts';
import type { ConfigChange, LiveConfig } from './live-config.ts';
import type { FederationSwitch } from './s2s/federation-switch.ts';
import { readCertificates, type ServerCertificates } from './server-certificates.ts';

/** The parts of a running server that a change of the configuration reaches, beside those that read it when they need it. */
export interface ReloadedParts {
  readonly live: LiveConfig;
  readonly certificates: ServerCertificates;
  readonly clientDoors: ClientDoors;
  readonly components: ComponentHub;
  readonly http: HttpDoor;
  readonly httpProxies: ProxyProtocol;
  readonly federation: FederationSwitch;
  readonly policies: Pick<ServerGuard, 'prepare'>;
  /** Moves the doors of clients and components: all of them, or none. @returns what takes it back @throws ListenError */
  moveDoors(listen: ServerConfig['listen']): Promise<() => Promise<void>>;
}

/** Takes over other configurations and certificates while streams go on, one change after the other. */
export class ConfigReload {
  readonly #parts: ReloadedParts;
  #changing: Promise<unknown> = Promise.resolve();

  constructor(parts: ReloadedParts) {
    this.#parts = parts;
  }

  /** Nothing changes when any of it can't be used. @throws TlsError, ListenError, PolicyError */
  reload(next: ServerConfig): Promise<ConfigChange> {
    return this.#serially(() => this.#reload(next));
  }

  /** Reads the certificates of the configuration again, for connections to come. @throws TlsError */
  renewCertificates(): Promise<void> {
    return this.#serially(async () => {
      const { live, federation } = this.#parts;
      const tls = await readCertificates(live.current);
      const ready = await federation.prepare(live.current, tls);
      this.#useCertificates(tls);
      await ready.apply();
    });
  }

  /** Resolves when no change is under way. */
  async settled(): Promise<void> {
    await this.#changing;
  }

  async #reload(next: ServerConfig): Promise<ConfigChange> {
    const { live, certificates, components, http, httpProxies, federation, policies, moveDoors } = this.#parts;
    const change = live.compare(next);
    const reachable = live.reachable(next);
    const usePolicies = policies.prepare(reachable);
    const tls = await readCertificates(reachable);
    const takeBack = [await moveDoors(reachable.listen)];
    let ready: Awaited<ReturnType<typeof federation.prepare>>;
    try {
      ready = await federation.prepare(reachable, tls);
      takeBack.unshift(() => ready.takeBack());
      await http.move(reachable.listen.http, tls, certificates.current);
    } catch (error) {
      for (const step of takeBack) await step();
      throw error;
    }
    // From here on nothing fails.
    live.apply(next);
    httpProxies.trust(proxiesOf(live.current, 'http'));
    const served = components.configure(live.current.components).map((domain) => `components.${domain}`);
    this.#useCertificates(tls);
    usePolicies();
    await ready.apply();
    return {
      applied: change.applied.filter((key) => !served.some((component) => key.startsWith(component))),
      needsRestart: [...change.needsRestart, ...served],
    };
  }

  #useCertificates(tls: ServerCertificates['current']): void {
    const { certificates, clientDoors, http } = this.#parts;
    clientDoors.configure(tls);
    http.configure(tls);
    certificates.use(tls);
  }

  #serially<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#changing.then(change);
    this.#changing = result.catch(() => undefined);
    return result;
  }
}
