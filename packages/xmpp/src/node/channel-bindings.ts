import { createHash, X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { ChannelBindings } from '../sasl/channel-binding.ts';

/** Hash of the signature algorithms, by the DER of their OIDs in hexadecimal. @see RFC 4055 §5, RFC 5758 §3.2 */
const SIGNATURE_HASHES: Readonly<Record<string, string>> = {
  '2a864886f70d010104': 'sha256', // md5WithRSAEncryption: MD5 and SHA-1 count as SHA-256
  '2a864886f70d010105': 'sha256', // sha1WithRSAEncryption
  '2a864886f70d01010b': 'sha256',
  '2a864886f70d01010c': 'sha384',
  '2a864886f70d01010d': 'sha512',
  '2a8648ce3d0401': 'sha256', // ecdsa-with-SHA1
  '2a8648ce3d040302': 'sha256',
  '2a8648ce3d040303': 'sha384',
  '2a8648ce3d040304': 'sha512',
};

/**
 * What ties an authentication to a TLS connection.
 * @param certificate gives that of the server, as DER; undefined when it is not known
 * @see RFC 9266 §3, RFC 5929 §4
 */
export function channelBindings(socket: TLSSocket, certificate: () => Uint8Array | undefined): ChannelBindings {
  const bindings = known.get(socket) ?? readBindings(socket, certificate());
  known.set(socket, bindings);
  return bindings;
}

/** They are asked for several times while a client logs in, and stay the same. */
const known = new WeakMap<TLSSocket, ChannelBindings>();

function readBindings(socket: TLSSocket, certificate: Uint8Array | undefined): ChannelBindings {
  const endPoint = certificate && serverEndPoint(certificate);
  const others = endPoint && { 'tls-server-end-point': endPoint };
  if (socket.getProtocol() !== 'TLSv1.3') return { ...others };
  let exported: Uint8Array | undefined;
  return {
    // Computed when somebody binds to it, which most don't.
    get 'tls-exporter'() {
      exported ??= new Uint8Array(socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0)));
      return exported;
    },
    ...others,
  };
}

/** By certificate: a server has one for very many connections. */
const endPoints = new WeakMap<Uint8Array, Uint8Array | undefined>();

/** Hash of the server's certificate; undefined when its signature algorithm names no single hash. @see RFC 5929 §4.1 */
export function serverEndPoint(certificate: Uint8Array): Uint8Array | undefined {
  if (!endPoints.has(certificate)) endPoints.set(certificate, hashOf(certificate));
  return endPoints.get(certificate);
}

function hashOf(certificate: Uint8Array): Uint8Array | undefined {
  const hash = SIGNATURE_HASHES[signatureAlgorithm(certificate) ?? ''];
  return hash === undefined ? undefined : new Uint8Array(createHash(hash).update(certificate).digest());
}

/** DER of the OID of the signature algorithm, which is the second part of a certificate. @see RFC 5280 §4.1 */
function signatureAlgorithm(certificate: Uint8Array): string | undefined {
  try {
    const whole = new X509Certificate(certificate).raw;
    const outer = readHeader(whole, 0);
    const signed = readHeader(whole, outer.content);
    const algorithm = readHeader(whole, signed.end);
    const oid = readHeader(whole, algorithm.content);
    return whole.subarray(oid.content, oid.end).toString('hex');
  } catch {
    return undefined;
  }
}

/** Where the content of the DER value at an offset begins and ends. @see ITU-T X.690 §8.1 */
function readHeader(bytes: Uint8Array, at: number): { readonly content: number; readonly end: number } {
  const first = bytes[at + 1] as number;
  if (first < 0x80) return { content: at + 2, end: at + 2 + first };
  let length = 0;
  for (let i = 0; i < (first & 0x7f); i++) length = length * 256 + (bytes[at + 2 + i] as number);
  const content = at + 2 + (first & 0x7f);
  return { content, end: content + length };
}
