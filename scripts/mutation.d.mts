export const DECIDES: readonly string[];
export function mutatedFiles(root: string, paths?: readonly string[]): readonly string[];
export function samplePlaces(root: string, files: readonly string[], count: number, seed: number): readonly string[];
