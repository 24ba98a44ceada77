import { topologyOf } from '../topologies.ts';

/** The module that coordinator and shards import: what it makes is said by the environment, which threads inherit. */
export default topologyOf(process.env['BENCH_WORKLOAD'] ?? '', process.env['BENCH_OUTPUT'] ?? '');
