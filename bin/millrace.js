#!/usr/bin/env node
'use strict';
/*
 * Starts the command: the compiled one of a published package, or the sources through tsx in a clone.
 *
 * CommonJS, because loading an ES module already starts libuv's thread pool, and the pool's size has to be set before:
 * every blocking call of the native Kafka client takes one of its threads (4 by default) while it waits.
 */
process.env.UV_THREADPOOL_SIZE ??= '16';

const { existsSync } = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

const root = path.join(__dirname, '..');
const source = path.join(root, 'src', 'cli', 'main.ts');
const main = existsSync(source) ? source : path.join(root, 'dist', 'src', 'cli', 'main.js');

// Topology modules may be TypeScript in either case.
import('tsx/esm/api')
  .then(({ register }) => {
    register();
    return import(pathToFileURL(main).href);
  })
  .catch((error) => {
    console.error(error);
    process.exitCode = 1;
  });
