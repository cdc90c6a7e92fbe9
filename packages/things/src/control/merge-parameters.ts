import type { ParameterState } from './form.ts';
import type { ControlParameter } from './parameter.ts';
import { formatParameterValue } from './parameter-value.ts';

/**
 * The parameters that several Things have in common, with what all of them allow: those of the same name and type, with the narrower
 * of their bounds and the choices all have, in the order of the first. Where values differ there is none.
 * @param forms of each Thing, one at least
 * @see XEP-0325 §3.4.4, XEP-0336 §3.4
 */
export function mergeParameters(forms: readonly (readonly ParameterState[])[]): readonly ParameterState[] {
  const [first = [], ...others] = forms;
  return others.reduce<readonly ParameterState[]>(
    (common, form) =>
      common.flatMap((state) => {
        const other = form.find(({ parameter }) => parameter.name === state.parameter.name);
        const parameter = other && mergeParameter(state.parameter, other.parameter);
        if (!parameter) return [];
        const value = isSame(state, other) ? state.value : undefined;
        return [{ ...state, parameter, value, error: state.error ?? other.error }];
      }),
    first,
  );
}

function isSame({ value }: ParameterState, { value: other }: ParameterState): boolean {
  return value !== undefined && other !== undefined && formatParameterValue(value) === formatParameterValue(other);
}

/** Undefined when there is no value that both would take. */
function mergeParameter(one: ControlParameter, other: ControlParameter): ControlParameter | undefined {
  if (one.type !== other.type || one.unit !== other.unit || one.pattern !== other.pattern) return undefined;
  const { min: _min, max: _max, earliest: _earliest, latest: _latest, options: _options, ...rest } = one;
  const min = greatest(one.min, other.min);
  const max = greatest(negative(one.max), negative(other.max));
  const options = commonOptions(one, other);
  const isEmpty = (min !== undefined && max !== undefined && min > -max) || options?.length === 0;
  if (isEmpty || one.earliest !== other.earliest || one.latest !== other.latest) return undefined;
  return {
    ...rest,
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max: -max }),
    ...(one.earliest === undefined ? {} : { earliest: one.earliest }),
    ...(one.latest === undefined ? {} : { latest: one.latest }),
    ...(options === undefined ? {} : { options }),
    ...(one.readOnly || other.readOnly ? { readOnly: true } : {}),
    ...(one.postBack || other.postBack ? { postBack: true } : {}),
  };
}

function commonOptions(one: ControlParameter, other: ControlParameter): ControlParameter['options'] {
  if (!one.options || !other.options) return one.options ?? other.options;
  return one.options.filter(({ value }) => other.options?.some((option) => option.value === value));
}

function greatest(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.max(one, other);
}

function negative(value: number | undefined): number | undefined {
  return value === undefined ? undefined : -value;
}
