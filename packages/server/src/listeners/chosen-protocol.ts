/**
 * Chooses this protocol of those a client offers (ALPN); who offers others alone is refused. With `ALPNProtocols` Node.js would copy the
 * list for each connection into a buffer that it shares with others, and keep all of it as long as one of them lasts.
 * @param name `xmpp-client` or `xmpp-server`
 * @see XEP-0368, RFC 7301 §3.2
 */
export function chosenProtocol(name: string) {
  return ({ protocols }: { readonly protocols: readonly string[] }): string | undefined =>
    protocols.includes(name) ? name : undefined;
}
