/** What a server has told of ways to authenticate, as it was sent or as it was received. */
export interface Advertisement {
  readonly mechanisms: readonly string[];
  /** Ways of channel binding (XEP-0440); undefined when nothing was told of them. */
  readonly bindingTypes?: readonly string[] | undefined;
}

/** Between names, and between the two lists: characters XML does not have. */
const BETWEEN_NAMES = '\x1e';
const BETWEEN_LISTS = '\x1f';

/**
 * What both sides hash in a SCRAM exchange, so that whoever has changed the advertisement on its way is found out.
 * @see XEP-0474 §5.1
 */
export function advertisementText({ mechanisms, bindingTypes }: Advertisement): string {
  const lists = bindingTypes === undefined ? [mechanisms] : [mechanisms, bindingTypes];
  // Names are ASCII: the order of characters is that of octets.
  return lists.map((list) => [...list].sort().join(BETWEEN_NAMES)).join(BETWEEN_LISTS);
}
