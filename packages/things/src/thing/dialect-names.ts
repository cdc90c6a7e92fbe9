/** Who published a version of the payloads of Things: the XSF (the XEPs), the IEEE, the Neuro-Foundation. Best first. */
export const DIALECT_NAMES = ['xep', 'nf', 'ieee'] as const;
export type DialectName = (typeof DIALECT_NAMES)[number];

/** Those whose payloads differ in nothing but the namespace. */
export type HarmonizedName = Exclude<DialectName, 'xep'>;
