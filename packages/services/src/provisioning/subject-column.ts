import type { RuleSubject } from '@thingward/things';
import type { Jid } from '@thingward/xmpp';

/** Tokens of one kind that are looked at. */
const MAX_TOKENS = 10;

/** Whom a rule is for, in one column: a bare JID, `@domain`, '' for anyone, or the kind of a token and the token. */
export function subjectColumn({ scope, subject }: RuleSubject): string {
  if (scope === 'requester') return subject;
  if (scope === 'anyone') return '';
  return scope === 'domain' ? `@${subject}` : `${scope} ${subject}`;
}

export function subjectOfColumn(column: string): RuleSubject {
  if (column === '') return { scope: 'anyone', subject: '' };
  if (column.startsWith('@')) return { scope: 'domain', subject: column.slice(1) };
  const [kind = '', token] = column.split(' ');
  if (token === undefined) return { scope: 'requester', subject: column };
  return { scope: kind as 'service' | 'device' | 'user', subject: token };
}

/** Tokens that came with a request. */
export interface GivenTokens {
  readonly service: readonly string[];
  readonly device: readonly string[];
  readonly user: readonly string[];
}

export const NO_TOKENS: GivenTokens = { service: [], device: [], user: [] };

/** Several tokens of one kind have spaces between them; those too many are passed over. @see XEP-0324 §3.1.5 */
export function splitTokens(text: string | undefined): readonly string[] {
  const tokens = (text ?? '').split(/\s+/).filter((token) => token !== '');
  return [...new Set(tokens)].slice(0, MAX_TOKENS);
}

/** The columns of rules that are for a requester, from those for the fewest to those for the most. */
export function columnsFor(requester: Jid, tokens: GivenTokens): readonly (readonly string[])[] {
  const ofTokens = (scope: keyof GivenTokens) => tokens[scope].map((subject) => subjectColumn({ scope, subject }));
  return [
    [requester.bare.toString()],
    ofTokens('user'),
    ofTokens('device'),
    ofTokens('service'),
    [subjectColumn({ scope: 'domain', subject: requester.domain })],
    [''],
  ];
}
