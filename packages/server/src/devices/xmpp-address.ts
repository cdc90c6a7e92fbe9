const OTHER_NAME = 0xa0;
const EXPLICIT_0 = 0xa0;
const SEQUENCE = 0x30;
const UTF8_STRING = 0x0c;
/** The object identifier 1.3.6.1.5.5.7.8.5, id-on-xmppAddr. */
const XMPP_ADDR = Uint8Array.of(0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x08, 0x05);

/** The value of the extension subjectAltName for an XMPP address, as DER. @see RFC 6120 §13.7.1.4, RFC 5280 §4.2.1.6 */
export function xmppAddressName(jid: string): Uint8Array<ArrayBuffer> {
  const address = tagged(EXPLICIT_0, tagged(UTF8_STRING, new TextEncoder().encode(jid)));
  return tagged(SEQUENCE, tagged(OTHER_NAME, XMPP_ADDR, address));
}

/** @see ITU-T X.690 §8.1 */
function tagged(tag: number, ...content: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const length = content.reduce((sum, part) => sum + part.length, 0);
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Uint8Array.from([tag, ...head, ...content.flatMap((part) => [...part])]);
}
