import type { AccountSource } from './accounts.ts';
import type { Target } from './actor.ts';
import { perform, type Result } from './perform.ts';
import type { Scene } from './script.ts';
import { survey } from './survey.ts';

/**
 * Plays scenes, several at a time: each has accounts of its own, so none gets in the way of another.
 * @returns a result for each scene, in their order
 */
export async function playAll(
  scenes: readonly Scene[],
  target: Target,
  accounts: AccountSource,
  atOnce: number,
): Promise<readonly Result[]> {
  const offer = await survey(target, accounts);
  const results: Result[] = [];
  let next = 0;
  const play = async () => {
    while (next < scenes.length) {
      const index = next++;
      results[index] = await perform(scenes[index] as Scene, target, accounts, offer);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, play));
  return results;
}
