/** One thing that is wrong, and where. */
export interface PolicyProblem {
  readonly severity: 'error' | 'warning';
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** Of the policy, where it is about one. */
  readonly policy?: string | undefined;
  readonly message: string;
  /** What would be right. */
  readonly help?: string | undefined;
}

/** Policies, or what belongs to them, that can't be used: nothing of them is. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';
  readonly code: 'policy-invalid' | 'policies-unreadable';
  readonly problems: readonly PolicyProblem[];

  constructor(code: PolicyError['code'], problems: readonly PolicyProblem[]) {
    super(problems.map(problemText).join('\n'));
    this.code = code;
    this.problems = problems;
  }
}

/** As compilers write it: `file:line:column: error: message`. */
export function problemText({ severity, file, line, column, message, help }: PolicyProblem): string {
  return `${file}:${line}:${column}: ${severity}: ${message}${help ? ` (${help})` : ''}`;
}
