import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { type Explanation, explain } from './explain.ts';
import { EXPECTATIONS_ENDING, type PolicyBundle } from './policy-bundle.ts';
import { PolicyError, type PolicyProblem } from './policy-error.ts';
import { questionSchema } from './question.ts';

const expectationSchema = questionSchema.extend({
  /** For people. */
  name: z.string().min(1),
  expect: z.enum(['permit', 'deny', 'approve', 'limit', 'quarantine', 'redact']),
  /** Ids of the policies that decide; not checked when not given. */
  by: z.array(z.string()).optional(),
});

/** What came of one expectation. */
export interface ExpectationResult {
  readonly name: string;
  /** `file:line` */
  readonly at: string;
  readonly isMet: boolean;
  readonly expected: string;
  readonly explanation: Explanation;
  /** What is otherwise than expected. */
  readonly difference?: string | undefined;
}

/** Puts the questions of all files `*.test.yaml` of a bundle, and compares. @throws PolicyError for files that can't be read */
export function checkExpectations(bundle: PolicyBundle, now: Date): readonly ExpectationResult[] {
  return [...bundle.files]
    .filter(([file]) => file.endsWith(EXPECTATIONS_ENDING))
    .flatMap(([file, text]) => expectationsOf(file, text))
    .map(({ at, expectation: { name, expect, by, ...question } }) => {
      const explanation = explain(bundle, question, now);
      const decided = explanation.decisive.map(({ id }) => id).sort();
      const difference =
        explanation.outcome !== expect
          ? `it is ${explanation.outcome}${decided.length > 0 ? ` by ${decided.join(', ')}` : ''}`
          : by && JSON.stringify([...by].sort()) !== JSON.stringify(decided)
            ? `it is so by ${decided.join(', ') || 'nothing'}`
            : undefined;
      const expected = by ? `${expect} by ${by.join(', ')}` : expect;
      return { name, at, isMet: difference === undefined, expected, explanation, difference };
    });
}

function expectationsOf(file: string, text: string) {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const lineAt = (path: readonly PropertyKey[]) => {
    const at = document.getIn(path, true) as { readonly range?: readonly number[] } | undefined;
    return lines.linePos(at?.range?.[0] ?? 0).line;
  };
  const [broken] = document.errors;
  if (broken) throw wrong(file, lines.linePos(broken.pos[0]).line, broken.message.split('\n')[0] ?? '');
  const parsed = z.array(expectationSchema).safeParse(document.toJS() ?? []);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const path = issue?.path ?? [];
    throw wrong(file, lineAt(path), `${path.join('.')}: ${issue?.message}`);
  }
  return parsed.data.map((expectation, i) => ({ at: `${file}:${lineAt([i])}`, expectation }));
}

function wrong(file: string, line: number, message: string): PolicyError {
  const problem: PolicyProblem = { severity: 'error', file, line: Math.max(1, line), column: 1, message };
  return new PolicyError('policy-invalid', [problem]);
}
