#!/usr/bin/env node
// Installs and builds what is missing or older than its sources, and says what it does. Uses nothing but Node.js itself.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const MINIMUM = [20, 19];

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < MINIMUM[0] || (major === MINIMUM[0] && minor < MINIMUM[1])) {
  fail(`Thingward needs Node.js ${MINIMUM.join('.')} or newer; this is ${process.versions.node}.`);
}

const forceBuild = process.argv.includes('--build');
if (needsInstall()) await step('installing dependencies', npm(), ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
const stale = stalePackages();
if (forceBuild || stale.typescript) await step('building packages', process.execPath, [bin('typescript', 'tsc'), '-b']);
if (forceBuild || stale.console) {
  await step(
    'building the web console',
    process.execPath,
    [bin('vite', 'vite'), 'build', '--logLevel', 'warn'],
    'packages/console',
  );
}

function needsInstall() {
  const installed = join(root, 'node_modules/.package-lock.json');
  return !existsSync(installed) || modified(join(root, 'package-lock.json')) > modified(installed);
}

/** Which builds are older than what they are made of? */
function stalePackages() {
  const packages = readdirSync(join(root, 'packages'));
  const libraries = packages.filter((name) => name !== 'console');
  const typescript = libraries.some((name) => {
    const folder = join(root, 'packages', name);
    return newest(join(folder, 'src')) > modified(join(folder, 'dist/.tsbuildinfo'));
  });
  const folder = join(root, 'packages/console');
  const sources = ['xml/src', 'xmpp/src', 'things/src'].map((path) => join(root, 'packages', path));
  const made = modified(join(folder, 'dist/index.html'));
  const console = packages.includes('console') && Math.max(newest(join(folder, 'src')), ...sources.map(newest)) > made;
  return { typescript, console };
}

function newest(folder) {
  if (!existsSync(folder)) return 0;
  return Math.max(
    0,
    ...readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !/\.test\.tsx?$/.test(entry.name))
      .map((entry) => modified(join(entry.parentPath ?? entry.path, entry.name))),
  );
}

function modified(file) {
  return existsSync(file) ? statSync(file).mtimeMs : 0;
}

/** The script of a dependency's command, so that it runs the same on every platform. */
function bin(dependency, command) {
  const folder = join(root, 'node_modules', dependency);
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return join(folder, typeof bin === 'string' ? bin : bin[command]);
}

function npm() {
  return process.platform === 'win32' ? 'npm.cmd' : 'npm';
}

/** Runs a command, showing that it is still at it, and its output only when it fails. */
async function step(what, command, args, cwd = '.') {
  const started = Date.now();
  const seconds = () => `${((Date.now() - started) / 1000).toFixed(1)} s`;
  const isTerminal = process.stderr.isTTY;
  process.stderr.write(isTerminal ? `  ${what} ...` : `  ${what} ...\n`);
  const ticker = setInterval(
    () => {
      process.stderr.write(isTerminal ? `\r  ${what} ... ${seconds()}` : `  ${what} ... ${seconds()}\n`);
    },
    isTerminal ? 500 : 10_000,
  );
  const child = spawn(command, args, {
    cwd: join(root, cwd),
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32' && command.endsWith('.cmd'),
  });
  const output = [];
  child.stdout.on('data', (data) => output.push(data));
  child.stderr.on('data', (data) => output.push(data));
  const code = await new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', resolve);
  });
  clearInterval(ticker);
  process.stderr.write(
    isTerminal
      ? `\r  ${what}: ${code === 0 ? 'done' : 'failed'} in ${seconds()}        \n`
      : `  ${what}: ${code === 0 ? 'done' : 'failed'} in ${seconds()}\n`,
  );
  if (code !== 0) {
    process.stderr.write(Buffer.concat(output));
    fail(`${what} failed (${relative(process.cwd(), command) || command} ${args.join(' ')})`);
  }
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
