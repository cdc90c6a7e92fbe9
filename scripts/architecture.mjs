#!/usr/bin/env node
// Fails when an import points upwards or sideways between packages, reaches into another package's files, is not declared, or is circular.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSync } from 'oxc-parser';

/** From the bottom up: a package imports from lower rows only. The first two rows know nothing of this product. */
export const LAYERS = [
  ['xml'],
  ['modbus', 'dnp3', 'opcua', 'ieee1451', 'exi'],
  ['xmpp'],
  ['things'],
  ['guard'],
  ['services'],
  ['server', 'gateway'],
  ['console'],
  ['cli'],
];

/** What packages that also run in browsers must not import, except in these folders of theirs. */
const BROWSER_PACKAGES = {
  xml: [],
  xmpp: ['src/node/'],
  things: ['src/node/'],
  exi: ['src/node/'],
  ieee1451: ['src/tim/', 'src/simulator/'],
};

/** @returns one line per violation */
export function checkArchitecture(root) {
  const level = new Map(LAYERS.flatMap((names, row) => names.map((name) => [name, row])));
  const problems = [];
  const graph = new Map();
  for (const name of readdirSync(join(root, 'packages')).sort()) {
    const folder = join(root, 'packages', name);
    if (!existsSync(join(folder, 'package.json'))) continue;
    if (!level.has(name)) problems.push(`packages/${name} is in no layer`);
    const {
      dependencies = {},
      devDependencies = {},
      optionalDependencies = {},
    } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    for (const file of sources(join(folder, 'src'))) {
      const where = relative(root, file);
      const isTest = /\.test\.tsx?$/.test(file);
      const imports = importsOf(file);
      graph.set(
        file,
        imports.filter((target) => target.startsWith('.')).map((target) => resolve(dirname(file), target)),
      );
      for (const target of imports) {
        const own = /^@thingward\/([a-z0-9]+)(\/.*)?$/.exec(target);
        if (own) {
          const other = own[1];
          if (!level.has(other)) problems.push(`${where} imports ${target}, which is in no layer`);
          else if (other === name) problems.push(`${where} imports its own package by name`);
          else if (level.get(other) >= level.get(name)) problems.push(`${where} imports upwards: ${target}`);
          if (/\/(src|dist)\//.test(own[2] ?? '')) problems.push(`${where} reaches into ${target}`);
        } else if (target.startsWith('.')) {
          if (relative(folder, resolve(dirname(file), target)).startsWith('..')) {
            problems.push(`${where} leaves its package: ${target}`);
          }
          continue;
        } else if (target.startsWith('node:')) {
          const allowed = BROWSER_PACKAGES[name];
          const inside = relative(folder, file);
          if (allowed && !isTest && !allowed.some((prefix) => inside.startsWith(prefix))) {
            problems.push(`${where} imports ${target}, but ${name} runs in browsers too`);
          }
          continue;
        }
        const dependency = target
          .split('/')
          .slice(0, target.startsWith('@') ? 2 : 1)
          .join('/');
        const declared = { ...dependencies, ...optionalDependencies, ...(isTest ? devDependencies : {}) };
        const buildTime = name === 'console' ? devDependencies : {};
        const inRoot = isTest && ['vitest', 'fast-check'].includes(dependency);
        if (!(dependency in declared) && !(dependency in buildTime) && !inRoot) {
          problems.push(`${where} imports ${dependency}, which its package.json does not name`);
        }
      }
    }
  }
  return [
    ...problems,
    ...cycles(graph).map((cycle) => `circular: ${cycle.map((file) => relative(root, file)).join(' -> ')}`),
  ];
}

function sources(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

function importsOf(file) {
  const { module, errors } = parseSync(file, readFileSync(file, 'utf8'));
  if (errors.length > 0) throw new Error(`${file}: ${errors[0].message}`);
  const text = readFileSync(file, 'utf8');
  const dynamic = module.dynamicImports.map(({ moduleRequest }) =>
    text.slice(moduleRequest.start + 1, moduleRequest.end - 1),
  );
  const exported = module.staticExports.flatMap(({ entries }) =>
    entries.flatMap((entry) => entry.moduleRequest?.value ?? []),
  );
  return [
    ...new Set([...module.staticImports.map(({ moduleRequest }) => moduleRequest.value), ...exported, ...dynamic]),
  ];
}

/** Cycles among files, each reported once. */
function cycles(graph) {
  const found = [];
  const done = new Set();
  const path = [];
  const visit = (file) => {
    const at = path.indexOf(file);
    if (at !== -1) {
      found.push([...path.slice(at), file]);
      return;
    }
    if (done.has(file)) return;
    path.push(file);
    for (const next of graph.get(file) ?? []) visit(next);
    path.pop();
    done.add(file);
  };
  for (const file of graph.keys()) visit(file);
  return found;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const problems = checkArchitecture(join(dirname(fileURLToPath(import.meta.url)), '..'));
  for (const problem of problems) console.error(problem);
  console.log(problems.length === 0 ? 'architecture: no violations' : `architecture: ${problems.length} violations`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
