// What processes use, as Linux tells it in /proc.
import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks per second: USER_HZ is 100 on every Linux that Node runs on. */
const TICKS = 100;

/** A process and all that descend from it. */
export function family(pid) {
  const parents = new Map();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      parents.set(Number(entry), Number(statOf(entry)[1]));
    } catch {
      // It ended meanwhile.
    }
  }
  const members = [pid];
  for (const member of members) {
    for (const [child, parent] of parents) if (parent === member) members.push(child);
  }
  return members;
}

/** Fields of /proc/PID/stat behind the name: [0] is the state, [1] the parent, [11] user and [12] system time. */
function statOf(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** Seconds of CPU time one process has used. */
export function ownCpuSeconds(pid) {
  const stat = statOf(pid);
  return (Number(stat[11]) + Number(stat[12])) / TICKS;
}

/** Seconds of CPU time a process and its descendants have used. */
export function cpuSeconds(pid) {
  return family(pid).reduce((sum, member) => sum + ownCpuSeconds(member), 0);
}

/**
 * Bytes of memory a process and its descendants hold for themselves, what they share counted once. Programs and libraries are no part
 * of it: they are shared with all processes that run them, so that a share of them changes when another of those starts or ends.
 */
export function memoryBytes(pid) {
  let kilobytes = 0;
  for (const member of family(pid)) {
    const text = readFileSync(`/proc/${member}/smaps_rollup`, 'utf8');
    for (const kind of ['Pss_Anon', 'Pss_Shmem']) {
      const figure = new RegExp(`^${kind}:\\s+(\\d+)`, 'm').exec(text)?.[1];
      if (figure === undefined) throw new Error(`this kernel does not tell ${kind}`);
      kilobytes += Number(figure);
    }
  }
  return kilobytes * 1024;
}
