/** Value types of control parameters and of the elements that carry them. @see XEP-0325 §3.2 */
export const PARAMETER_TYPES = [
  'boolean',
  'color',
  'date',
  'dateTime',
  'double',
  'duration',
  'int',
  'long',
  'string',
  'time',
] as const;
export type ParameterType = (typeof PARAMETER_TYPES)[number];

/**
 * A value for a control parameter. `double` is decimal text so that digits are kept; `color` is RRGGBB or RRGGBBAA in hexadecimal;
 * `date`, `dateTime`, `duration`, `time` are in the lexical form of XML Schema.
 */
export type ParameterValue =
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: 'int'; readonly value: number }
  | { readonly type: 'long'; readonly value: bigint }
  | {
      readonly type: 'double' | 'string' | 'color' | 'date' | 'dateTime' | 'duration' | 'time';
      readonly value: string;
    };

/** A settable value of a Thing: what its control form says about it. @see XEP-0325 §3.3 */
export interface ControlParameter {
  readonly name: string;
  readonly type: ParameterType;
  /** For people. */
  readonly label: string;
  readonly description?: string;
  readonly unit?: string;
  /** Inclusive bounds, for `int`, `long` and `double`. */
  readonly min?: number;
  readonly max?: number;
  /** Inclusive bounds, for `date`, `dateTime` and `time`: of the same type, in the lexical form of XML Schema. */
  readonly earliest?: string;
  readonly latest?: string;
  /** What a `string` must match as a whole: a regular expression that both POSIX and JavaScript understand. @see XEP-0122 §3.2.4 */
  readonly pattern?: string;
  /** The only values allowed, as text. */
  readonly options?: readonly { readonly label: string; readonly value: string }[];
  /** Label of the page of the form it stands on. @see XEP-0141 */
  readonly page?: string;
  /** Parameters of the same group belong together and should be written together. @see XEP-0325 §5.4 */
  readonly group?: string;
  /** It can't be set now. @see XEP-0336 §3.3 */
  readonly readOnly?: boolean;
  /** Other parameters depend on its value: the form is posted back when it was edited. @see XEP-0336 §3.1 */
  readonly postBack?: boolean;
}

/** Why one parameter was refused: becomes `<paramError var=.../>`. @see XEP-0325 §3.1.3 */
export class ParameterError extends Error {
  override readonly name = 'ParameterError';
  readonly code: 'unknown-parameter' | 'wrong-type' | 'out-of-range' | 'rejected-by-device';
  readonly parameter: string;

  constructor(code: ParameterError['code'], parameter: string, message: string) {
    super(message);
    this.code = code;
    this.parameter = parameter;
  }
}
