// Latency where it matters: at half of the load that a peer can bear.

/** Measured so often, in turns, so that what else the machine does meets both alike. */
const ROUNDS = 3;

/**
 * Finds the rate at which a peer is saturated, then measures it and ours at half of that.
 * @param measure runs the scenario against a fresh server of a peer: `(peer, { rate })`, with no rate to find saturation
 * @returns the rate, and for both the median of each figure over the rounds
 */
export async function halfLoad(ours, peer, measure) {
  const { saturation, clientLoad } = await measure(peer, {});
  const rate = Math.round(saturation / 2);
  const rounds = { ours: [], theirs: [] };
  for (let round = 0; round < ROUNDS; round++) {
    rounds.ours.push(await measure(ours, { rate }));
    rounds.theirs.push(await measure(peer, { rate }));
  }
  return { saturation, clientLoad, rate, ours: medians(rounds.ours), theirs: medians(rounds.theirs) };
}

function medians(results) {
  const keys = Object.keys(results[0]);
  return Object.fromEntries(keys.map((key) => [key, median(results.map((result) => result[key]))]));
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
