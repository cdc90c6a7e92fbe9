import { type AbsenceRecord, isName, type MdnsQuestion, type MdnsRecord } from '@thingward/xmpp/finding';

/** What who does not take part in multicast DNS may keep an answer for. @see RFC 6762 §6.7 */
const LEGACY_TTL_SECONDS = 10;

export function asksFor({ name, type }: MdnsQuestion, record: MdnsRecord): boolean {
  return isName(record, name) && (type === 'ANY' || type === record.type);
}

/** Nobody needs to be told what they know for at least half its life. @see RFC 6762 §7.1 */
export function isKnown(known: MdnsRecord, record: MdnsRecord): boolean {
  return isName(known, record.name) && isSameData(known, record) && known.ttl * 2 >= record.ttl;
}

export function isSameData(a: MdnsRecord, b: MdnsRecord): boolean {
  return (
    a.type === b.type && JSON.stringify(sorted(a.data)).toLowerCase() === JSON.stringify(sorted(b.data)).toLowerCase()
  );
}

function sorted(data: MdnsRecord['data']): unknown {
  return typeof data === 'object' && !Array.isArray(data) ? Object.entries(data).sort() : data;
}

/** What whoever gets these will ask next. @see RFC 6763 §12 */
export function additionalTo(answers: readonly MdnsRecord[], records: readonly MdnsRecord[]): readonly MdnsRecord[] {
  const wanted = new Set<MdnsRecord>();
  const follow = (record: MdnsRecord): void => {
    const next = record.type === 'PTR' ? record.data : record.type === 'SRV' ? record.data.target : undefined;
    for (const other of records) {
      if (next === undefined || !isName(other, next) || other.type === 'PTR' || wanted.has(other)) continue;
      wanted.add(other);
      follow(other);
    }
  };
  for (const answer of answers) follow(answer);
  return [...wanted].filter((record) => !answers.includes(record));
}

/** That there is nothing of a type under a name which is ours. @see RFC 6762 §6.1 */
export function absencesFor(
  questions: readonly MdnsQuestion[],
  records: readonly MdnsRecord[],
): readonly AbsenceRecord[] {
  const names = new Map<string, AbsenceRecord>();
  for (const { name, type } of questions) {
    const own = records.filter((record) => record.flush && isName(record, name));
    const [first] = own;
    if (!first || type === 'ANY' || own.some((record) => record.type === type)) continue;
    const rrtypes = [...new Set(own.map((record) => record.type))];
    const data = { nextDomain: first.name, rrtypes };
    names.set(first.name, { name: first.name, type: 'NSEC', ttl: first.ttl, flush: true, data });
  }
  return [...names.values()];
}

export function shortLived(record: MdnsRecord): MdnsRecord {
  return { ...record, ttl: Math.min(record.ttl, LEGACY_TTL_SECONDS) };
}
