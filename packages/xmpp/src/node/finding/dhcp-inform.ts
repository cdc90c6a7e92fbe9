import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import { DHCP_OPTION, decodeDhcp, encodeInform, hostName, isAnswer, xmppServerName } from './dhcp-message.ts';
import { FindingError, socketError } from './finding-error.ts';

export interface DhcpInformOptions {
  /** Ends it. */
  readonly signal: AbortSignal;
  /** IPv4 address of the network interface to ask on. */
  readonly address: string;
  /** Code of the option that names the server; 224 when not given. */
  readonly option?: number | undefined;
}

const CLIENT_PORT = 68;
const SERVER_PORT = 67;
const BROADCAST = '255.255.255.255';
/** @see RFC 2131 §4.1: each further message comes after twice the time. */
const FIRST_PAUSE_MS = 2000;

/**
 * Asks the DHCP servers of a link which XMPP server there is. The port clients have is for privileged users, and of Linux for the
 * capability CAP_NET_BIND_SERVICE.
 * @returns the domain; undefined when no server that answered in time knows one
 * @throws FindingError `not-permitted`, `unavailable`
 * @see XEP-0347 §3.3.1, RFC 2131 §3.4
 */
export async function askDhcp({ signal, address, option = DHCP_OPTION.xmppServer }: DhcpInformOptions) {
  if (signal.aborted) return undefined;
  const hardwareAddress = hardwareAddressOf(address);
  const transaction = randomInt(2 ** 32);
  const request = encodeInform({ transaction, hardwareAddress, address, options: [option, DHCP_OPTION.domainName] });
  const socket = await openSocket(address);
  return new Promise<string | undefined>((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const end = (settle: () => void) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      socket.removeAllListeners();
      socket.close(settle);
    };
    const stop = () => end(() => resolve(undefined));
    const fail = (error: Error) => end(() => reject(socketError(`DHCP on ${address}`, error)));
    signal.addEventListener('abort', stop, { once: true });
    socket.on('error', fail);
    socket.on('message', (bytes) => {
      const name = nameIn(bytes, transaction, option);
      if (name !== undefined) end(() => resolve(name));
    });
    const ask = (pauseMs: number) => {
      socket.send(request, SERVER_PORT, BROADCAST, (error) => {
        if (error) fail(error);
      });
      timer = setTimeout(() => ask(pauseMs * 2), pauseMs);
    };
    ask(FIRST_PAUSE_MS);
  });
}

function openSocket(address: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    // A DHCP client of the system may have the port, too.
    const socket = createSocket({ type: 'udp4', reuseAddr: true });
    socket.once('error', (error) => {
      socket.close();
      reject(socketError(`DHCP on ${address}, port ${CLIENT_PORT}`, error));
    });
    // Bound to an address of the interface, it sends broadcasts there.
    socket.bind(CLIENT_PORT, address, () => {
      socket.removeAllListeners('error');
      socket.setBroadcast(true);
      resolve(socket);
    });
  });
}

/** Whoever answers nonsense is not heard: another server may know. */
function nameIn(bytes: Uint8Array, transaction: number, option: number): string | undefined {
  try {
    const message = decodeDhcp(bytes);
    const value = message.options.get(option);
    if (!isAnswer(message, transaction) || !value) return undefined;
    const local = message.options.get(DHCP_OPTION.domainName);
    return xmppServerName(value, local && hostName(local, 'the domain name of DHCP'));
  } catch (error) {
    if (error instanceof FindingError) return undefined;
    throw error;
  }
}

function hardwareAddressOf(address: string): Uint8Array {
  const found = Object.values(networkInterfaces())
    .flatMap((addresses = []) => addresses)
    .find((each) => each.address === address);
  if (found) return Uint8Array.from(found.mac.split(':'), (part) => Number.parseInt(part, 16));
  throw new FindingError('unavailable', `DHCP: no network interface has the address ${address}`);
}
