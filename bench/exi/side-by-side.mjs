/*
 * Compares the speed of several pieces of work: they take turns in many short rounds, each of about the same CPU time, so that
 * whatever else the machine does meets all of them alike. Counted is this process's CPU time.
 */

/** CPU time of one call in microseconds, over so many. */
function time(work, count) {
  const before = process.cpuUsage();
  for (let i = 0; i < count; i++) work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}

/** Work is optimised after so much of it, in microseconds. */
const WARM_UP = 150_000;

/** How many calls take so long, after as many as it takes to be optimised. */
function calibrate(work, milliseconds) {
  let count = 1;
  while (time(work, count) * count < 4000) count *= 2;
  let each = 0;
  for (let spent = 0; spent < WARM_UP; spent += each * count) each = time(work, count);
  return Math.max(1, Math.round((milliseconds * 1000) / each));
}

/**
 * @param works functions by name
 * @returns by name the median of calls per second, and `ratio(one, other)`: how many times as fast, the median over the rounds
 */
export function sideBySide(works, { rounds, milliseconds }) {
  const names = Object.keys(works);
  const counts = names.map((name) => calibrate(works[name], milliseconds));
  const times = names.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const i = round % 2 === 0 ? turn : names.length - 1 - turn;
      times[i].push(time(works[names[i]], counts[i]));
    }
  }
  const of = (name) => times[names.indexOf(name)];
  return {
    perSecond: Object.fromEntries(names.map((name) => [name, 1e6 / median(of(name))])),
    ratio: (one, other) => median(of(one).map((each, round) => of(other)[round] / each)),
  };
}

function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}
