import { expect, it } from 'vitest';
import { fetchLabels, parseLabels } from './labels.ts';

const label = { name: 'Pump energy meter', uri: 'IoTDisco;SN:1;KEY:2' };
const signal = new AbortController().signal;
const answering = (body: string, status: number) => async () => new Response(body, { status });

it('takes labels, and leaves out what is none', () => {
  expect(parseLabels([label, null, 1, {}, { name: 'x', uri: 'javascript:alert(1)' }])).toEqual([label]);
  expect(parseLabels({ label })).toEqual([]);
});

it('has no labels where there is no demo', async () => {
  expect(await fetchLabels(answering(JSON.stringify([label]), 200), signal)).toEqual([label]);
  expect(await fetchLabels(answering('Not Found', 404), signal)).toEqual([]);
  expect(await fetchLabels(answering('<html>', 200), signal)).toEqual([]);
  const offline = async () => {
    throw new TypeError('fetch failed');
  };
  expect(await fetchLabels(offline, signal)).toEqual([]);
});
