/** What a forbidding policy wants instead of a plain no. */
export type Obligation =
  | { readonly kind: 'deny' }
  /** Somebody of this group has to consent within this time. */
  | { readonly kind: 'approve'; readonly approvers: string; readonly expiresMs: number }
  | { readonly kind: 'limit' }
  | { readonly kind: 'quarantine'; readonly forMs: number }
  /** What it is about is taken out of the answer. */
  | { readonly kind: 'redact' };

export const OBLIGATIONS = ['approve', 'limit', 'quarantine', 'redact'] as const;
export const ANNOTATIONS = ['id', 'description', 'obligation', 'approvers', 'expires', 'for'] as const;

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DEFAULT_EXPIRY_MS = 600_000;
const DEFAULT_QUARANTINE_MS = 900_000;
const MAX_MS = 30 * 86_400_000;

/** Reads annotations. @param problem is told what is wrong with them */
export function readObligation(
  annotations: Readonly<Record<string, string>>,
  effect: 'permit' | 'forbid',
  problem: (message: string, help?: string) => void,
): Obligation {
  for (const name of Object.keys(annotations)) {
    if (!(ANNOTATIONS as readonly string[]).includes(name)) {
      problem(`there is no annotation @${name}`, `there are @${ANNOTATIONS.join(', @')}`);
    }
  }
  const { obligation } = annotations;
  if (obligation === undefined) return { kind: 'deny' };
  if (effect === 'permit') {
    problem(
      '@obligation stands at a policy that permits',
      'it belongs to a forbid, which it turns into something milder',
    );
  }
  switch (obligation) {
    case 'approve': {
      const { approvers } = annotations;
      if (!approvers) problem('@obligation("approve") without @approvers', 'name a group: @approvers("supervisors")');
      return { kind: 'approve', approvers: approvers ?? '', expiresMs: time('expires', DEFAULT_EXPIRY_MS) };
    }
    case 'quarantine':
      return { kind: 'quarantine', forMs: time('for', DEFAULT_QUARANTINE_MS) };
    case 'limit':
    case 'redact':
      return { kind: obligation };
    default:
      problem(`there is no obligation "${obligation}"`, `there are ${OBLIGATIONS.join(', ')}`);
      return { kind: 'deny' };
  }

  function time(name: string, otherwise: number): number {
    const text = annotations[name];
    if (text === undefined) return otherwise;
    const ms = parseTimeSpan(text);
    if (ms === undefined) problem(`@${name}("${text}") is no time`, 'write 90s, 10m, 2h or 1d, at most 30d');
    return ms ?? otherwise;
  }
}

/** `90s`, `10m`, `2h`, `1d` in milliseconds; undefined for anything else. */
export function parseTimeSpan(text: string): number | undefined {
  const [, count, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const ms = Number(count) * (UNITS[unit] ?? Number.NaN);
  return ms > 0 && ms <= MAX_MS ? ms : undefined;
}
