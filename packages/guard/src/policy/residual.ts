import type { PolicyJson } from './cedar.ts';

/** Is what is left of a policy's conditions true or false whatever is not known yet? Undefined: that depends. */
export function settled({ conditions }: PolicyJson): boolean | undefined {
  const values = conditions.map(({ kind, body }) => {
    const value = truth(body);
    return kind === 'when' || value === undefined ? value : !value;
  });
  if (values.includes(false)) return false;
  return values.every((value) => value === true) ? true : undefined;
}

/** What is false with something known to be false beside it stays so: Cedar itself stops at the first thing that is unknown. */
function truth(expression: unknown): boolean | undefined {
  if (typeof expression !== 'object' || expression === null) return undefined;
  if ('Value' in expression) return typeof expression.Value === 'boolean' ? expression.Value : undefined;
  if ('!' in expression) {
    const value = truth((expression['!'] as { readonly arg: unknown }).arg);
    return value === undefined ? undefined : !value;
  }
  if ('&&' in expression) {
    const [left, right] = sides(expression['&&']);
    if (left === false || right === false) return false;
    return left === true && right === true ? true : undefined;
  }
  if ('||' in expression) {
    const [left, right] = sides(expression['||']);
    if (left === true || right === true) return true;
    return left === false && right === false ? false : undefined;
  }
  return undefined;
}

function sides(operands: unknown): readonly [boolean | undefined, boolean | undefined] {
  const { left, right } = operands as { readonly left: unknown; readonly right: unknown };
  return [truth(left), truth(right)];
}
