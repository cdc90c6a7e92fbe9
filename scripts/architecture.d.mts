/** From the bottom up: a package imports from lower rows only. */
export const LAYERS: readonly (readonly string[])[];
/** One line per violation in the workspace at `root`. */
export function checkArchitecture(root: string): string[];
