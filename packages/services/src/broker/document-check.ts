import { type DocumentContent, tedsProblem } from '@thingward/things';

/** Looks whether a content is what its kind says. @returns what is wrong with it, for people; undefined: nothing */
export type DocumentCheck = (content: DocumentContent, mediaType: string) => string | undefined;

/** Checks of the kinds whose format is known here; hosts that know more add theirs. */
export const DOCUMENT_CHECKS: Readonly<Record<string, DocumentCheck>> = { teds: tedsProblem };
