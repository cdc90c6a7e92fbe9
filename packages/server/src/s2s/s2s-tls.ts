import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import { domainToASCII } from 'node:url';
import { chosenProtocol } from '../listeners/chosen-protocol.ts';
import { TlsUpgrade } from '../listeners/tls-upgrade.ts';
import { type Tls, TlsError } from '../tls.ts';
import { certificateNames, matchesDomain } from './certificate-names.ts';
import type { PeerCertificate } from './events.ts';

/** @see XEP-0368 §3 */
const ALPN = 'xmpp-server';

const UNTRUSTED: PeerCertificate = { speaksFor: () => false };

/** A connection under TLS, and what the other side has proved with its certificate. */
export interface Secured {
  readonly socket: TLSSocket;
  readonly certificate: PeerCertificate;
}

/** TLS between servers, both ends of it: each shows its certificate, and each looks at the other's. */
export class S2sTls {
  readonly #tls: Tls;
  readonly #authorities: string | undefined;
  readonly #handshakeTimeoutMs: number;
  readonly #clientContext: SecureContext;
  readonly #startTls: TlsUpgrade;
  readonly #direct: TlsUpgrade;

  /**
   * @param authoritiesFile certificates (PEM) of the authorities to trust; the system's when undefined
   * @throws TlsError
   */
  constructor(tls: Tls, authoritiesFile: string | undefined, handshakeTimeoutMs: number) {
    this.#tls = tls;
    this.#authorities = authoritiesFile === undefined ? undefined : readAuthorities(authoritiesFile);
    this.#handshakeTimeoutMs = handshakeTimeoutMs;
    try {
      this.#clientContext = createSecureContext(this.#options);
      this.#startTls = new TlsUpgrade(this.#serverOptions);
      this.#direct = new TlsUpgrade({ ...this.#serverOptions, ALPNCallback: chosenProtocol(ALPN) });
    } catch (error) {
      throw new TlsError(`${authoritiesFile} holds no certificates of authorities: ${(error as Error).message}`);
    }
  }

  /** Takes a connection whose first byte is of TLS. Who offers other protocols than this one is refused. @see XEP-0368 */
  takeDirect(plain: Socket, take: (secured: Secured) => void): void {
    this.#direct.upgrade(plain).then(
      (socket) => take(secured(socket)),
      () => plain.destroy(),
    );
  }

  /** Goes over to TLS on a connection that was taken. @throws Error when that fails */
  async accept(plain: Socket): Promise<Secured> {
    return secured(await this.#startTls.upgrade(plain));
  }

  /** Goes over to TLS on a connection that was made. @throws Error when that fails */
  connect(plain: Socket, domain: string, options: { readonly direct: boolean }): Promise<Secured> {
    return new Promise((resolve, reject) => {
      const ascii = domainToASCII(domain);
      const socket = connectTls({
        socket: plain,
        secureContext: this.#clientContext,
        servername: /^[\d.:[\]]*$/.test(ascii) ? '' : ascii,
        rejectUnauthorized: false,
        // The names are looked at here, by the rules of XMPP.
        checkServerIdentity: () => undefined,
        ...(options.direct ? { ALPNProtocols: [ALPN] } : {}),
      });
      const fail = (error: Error) => {
        socket.destroy();
        reject(error);
      };
      const closed = () => fail(new Error('the server closed the connection'));
      socket.on('error', fail).once('close', closed);
      socket.once('secureConnect', () => {
        socket.off('error', fail).off('close', closed);
        resolve(secured(socket));
      });
    });
  }

  get #options() {
    return { ...this.#tls.options, ...(this.#authorities === undefined ? {} : { ca: this.#authorities }) };
  }

  get #serverOptions() {
    return {
      ...this.#options,
      requestCert: true,
      rejectUnauthorized: false,
      handshakeTimeout: this.#handshakeTimeoutMs,
    };
  }
}

function secured(socket: TLSSocket): Secured {
  if (!socket.authorized) return { socket, certificate: UNTRUSTED };
  const names = certificateNames(socket.getPeerX509Certificate()?.subjectAltName);
  return { socket, certificate: { speaksFor: (domain) => matchesDomain(names, domain) } };
}

function readAuthorities(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new TlsError(`can't read the authorities ${file}: ${(error as Error).message}`);
  }
}
