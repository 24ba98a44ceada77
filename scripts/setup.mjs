#!/usr/bin/env node
/**
 * Makes sure of the set-up before `npm start`, `npm test` and `npm run bench`: Node, dependencies, native client.
 * Needs nothing but Node itself. When all is in place it reads three small files and is done.
 */
import { realEnvironment } from './setup/environment.mjs';
import { runSetup } from './setup/run.mjs';

process.exitCode = await runSetup(realEnvironment());
