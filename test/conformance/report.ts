import type { Result } from './perform.ts';

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  /** Failed as it is known to. */
  readonly known: number;
  readonly notOffered: number;
  readonly assertions: number;
}

export const nameOf = ({ scene }: Result): string => `${scene.script}: ${scene.title}`;

export function count(results: readonly Result[], known: ReadonlyMap<string, string>): Counts {
  const ofKind = (kind: Result['outcome']['kind']) => results.filter(({ outcome }) => outcome.kind === kind);
  const failures = ofKind('failed');
  const expected = failures.filter((result) => known.has(nameOf(result)));
  return {
    passed: ofKind('passed').length,
    failed: failures.length - expected.length,
    known: expected.length,
    notOffered: ofKind('not offered').length,
    assertions: results.reduce((sum, { assertions }) => sum + assertions, 0),
  };
}

/** The results in the Test Anything Protocol, version 13, with the counts at the end. */
export function tap(results: readonly Result[], known: ReadonlyMap<string, string>): string {
  const lines = results.flatMap((result, index) => {
    const { outcome, scene } = result;
    const name = `${index + 1} - ${nameOf(result).replaceAll('#', '\\#')} [${scene.cites}]`;
    if (outcome.kind === 'passed') return [`ok ${name}`];
    if (outcome.kind === 'not offered') return [`ok ${name} # SKIP ${outcome.missing} is not offered`];
    const why = known.get(nameOf(result));
    return [`not ok ${name}${why === undefined ? '' : ` # TODO ${why}`}`, `  # ${outcome.why}`];
  });
  const mended = results.filter((result) => result.outcome.kind === 'passed' && known.has(nameOf(result)));
  return [
    'TAP version 13',
    `1..${results.length}`,
    ...lines,
    ...mended.map((result) => `# passes, though it is listed as a deviation: ${nameOf(result)}`),
    `# ${summary(count(results, known))}`,
  ].join('\n');
}

export function summary({ passed, failed, known, notOffered, assertions }: Counts): string {
  return `${passed} passed, ${failed} failed, ${known} deviate as known, ${notOffered} not offered; ${assertions} assertions held`;
}
