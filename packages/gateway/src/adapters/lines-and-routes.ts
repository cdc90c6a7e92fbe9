import type { z } from 'zod';
import type { UnitRanges } from './unit-ranges.ts';

/** Complains of lines with the same name. */
export function checkLineNames(lines: readonly { readonly name: string }[], context: z.RefinementCtx): void {
  const names = new Map<string, number>();
  for (const [index, { name }] of lines.entries()) {
    const first = names.get(name);
    if (first !== undefined) {
      const message = `lines[${first}] has the name "${name}", too`;
      context.addIssue({ code: 'custom', path: ['lines', index, 'name'], message });
    }
    names.set(name, index);
  }
}

/** Complains of routes that want the same units. @param key what a route calls them */
export function checkOverlaps<Key extends string>(
  routes: readonly Readonly<Record<Key, UnitRanges>>[],
  key: Key,
  context: z.RefinementCtx,
): void {
  for (const [index, route] of routes.entries()) {
    const first = routes.slice(0, index).findIndex((other) => other[key].overlaps(route[key]));
    if (first === -1) continue;
    const message = `${key} ${route[key]} overlap with routes[${first}] (${routes[first]?.[key]})`;
    context.addIssue({ code: 'custom', path: ['routes', index, key], message });
  }
}
