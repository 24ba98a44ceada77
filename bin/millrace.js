#!/usr/bin/env node
'use strict';
/*
 * Starts the command: the bundle of a published package; in a clone the sources through tsx, or a build that is newer
 * than they are, as it starts several times faster.
 *
 * CommonJS, because loading an ES module already starts libuv's thread pool, and the pool's size has to be set before:
 * every blocking call of the native Kafka client takes one of its threads (4 by default) while it waits.
 */
process.env.UV_THREADPOOL_SIZE ??= '16';

const { existsSync, readdirSync, statSync } = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

const root = path.join(__dirname, '..');
const sources = path.join(root, 'src');
const bundle = path.join(root, 'dist', 'cli', 'main.js');

start().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});

async function start() {
  if (useBundle()) return import(pathToFileURL(bundle).href);
  const { register } = await import('tsx/esm/api');
  register();
  return import(pathToFileURL(path.join(sources, 'cli', 'main.ts')).href);
}

/** `run` shares modules with the user's, which in a clone import the sources. */
function useBundle() {
  if (!existsSync(sources)) return true;
  return process.argv[2] !== 'run' && existsSync(bundle) && !hasNewer(sources, statSync(bundle).mtimeMs);
}

/**
 * @param {string} folder
 * @param {number} thanMs
 * @returns {boolean}
 */
function hasNewer(folder, thanMs) {
  return readdirSync(folder, { withFileTypes: true }).some((entry) => {
    const file = path.join(folder, entry.name);
    return entry.isDirectory() ? hasNewer(file, thanMs) : statSync(file).mtimeMs > thanMs;
  });
}
