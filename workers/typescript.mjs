/**
 * Preloaded (`--import`) into worker threads whose entry is a .ts file. `--import tsx` alone is not enough there:
 * tsx registers its loader in a process's main thread only, and Node 20 does not hand a loader on to its workers.
 */
import { register } from 'tsx/esm/api';

register();
