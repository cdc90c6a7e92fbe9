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

/** Bytes of memory a process and its descendants hold, what they share counted once. */
export function memoryBytes(pid) {
  let kilobytes = 0;
  for (const member of family(pid)) {
    kilobytes += Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${member}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
  }
  return kilobytes * 1024;
}
