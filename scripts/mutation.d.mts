export const DECIDES: readonly string[];
export function mutatedFiles(root: string, paths?: readonly string[]): readonly string[];
export function samplePlaces(root: string, files: readonly string[], count: number, seed: number): readonly string[];
/** What a report of Stryker says of its mutants: how many were noticed, of how many. */
export function scoreOf(report: {
  readonly files: Readonly<Record<string, { readonly mutants: readonly { readonly status: string }[] }>>;
}): { readonly noticed: number; readonly of: number };
/** Of a file and of the tests beside it. */
export function hashOf(root: string, file: string): string;
/** The files whose text is another than when their score was kept. */
export function unfinished(
  root: string,
  files: readonly string[],
  scores: Readonly<Record<string, { readonly hash: string }>>,
): readonly string[];
