import { join } from 'node:path';
import type { Logger } from '@thingward/xmpp';
import { CertificateWatch } from './certificate-watch.ts';
import { ClientCertificates, clientCertificateSettings } from './client-certificates.ts';
import type { ServerConfig } from './config.ts';
import { deviceAuthorityFile } from './devices/device-authority.ts';
import { daysLeft, loadTls, RENEW_DAYS, selfSignedTls, type Tls } from './tls.ts';

const DAY_MS = 86_400_000;

/** The certificate of the configuration, or the self-signed one in the data directory. @throws TlsError */
export function serverTls({ tls, dataDir, domain }: ServerConfig): Promise<Tls> {
  return tls ? Promise.resolve(loadTls(tls.cert, tls.key)) : selfSignedTls(join(dataDir, 'tls'), domain);
}

/** All the files that certificates are in, read. @throws TlsError */
export async function readCertificates(config: ServerConfig): Promise<Tls> {
  const tls = await serverTls(config);
  const clientCertificates = clientCertificateSettings(config);
  if (clientCertificates) new ClientCertificates(clientCertificates);
  return tls;
}

/** The certificate that new connections get, until another takes its place. */
export class ServerCertificates {
  readonly #config: ServerConfig;
  readonly #log: Logger;
  #current: Tls;
  #watch: CertificateWatch | undefined;
  #expiryTimer: NodeJS.Timeout | undefined;

  /** @param config read each time: which files there are may change too */
  constructor(config: ServerConfig, current: Tls, log: Logger) {
    this.#config = config;
    this.#current = current;
    this.#log = log;
  }

  get current(): Tls {
    return this.#current;
  }

  /** Another one counts from now on. */
  use(tls: Tls): void {
    const isNew = tls.fingerprint !== this.#current.fingerprint;
    this.#current = tls;
    if (isNew)
      this.#log.info(
        { fingerprint: tls.fingerprint, expiresAt: tls.expiresAt },
        'new connections get another certificate',
      );
    this.#tellOfExpiry();
  }

  /** Notices when files of certificates have changed, and says in the log when the certificate is about to expire. */
  watch(renew: () => Promise<void>, intervalMs?: number): void {
    const files = () => {
      const { tls, auth, s2s, dataDir } = this.#config;
      const { ca } = auth.clientCertificates ?? {};
      // That of devices comes to be when the first of them is enrolled.
      return [tls?.cert, tls?.key, ca, s2s.trust?.ca, deviceAuthorityFile(dataDir)].filter(
        (file) => file !== undefined,
      );
    };
    const changed = async () => {
      try {
        await renew();
      } catch (error) {
        this.#log.error(
          { reason: (error as Error).message },
          'certificates have changed and can’t be used: the former go on',
        );
      }
    };
    this.#watch = new CertificateWatch(files, changed, intervalMs);
    void this.#watch.look();
    this.#expiryTimer = setInterval(() => this.#tellOfExpiry(), DAY_MS).unref();
    this.#tellOfExpiry();
  }

  stop(): void {
    this.#watch?.stop();
    clearInterval(this.#expiryTimer);
  }

  #tellOfExpiry(): void {
    const days = daysLeft(this.#current, Date.now());
    const details = { file: this.#current.certificateFile, expiresAt: this.#current.expiresAt, days };
    if (days < 0) this.#log.error(details, 'the certificate has expired');
    else if (days < RENEW_DAYS) this.#log.warn(details, 'the certificate expires soon');
  }
}
