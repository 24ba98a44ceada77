/**
 * The `uniform` assignor, the default: members get equally many partitions, over all topics together, and keep what
 * they have as far as that allows. Follows Kafka's `UniformAssignor`.
 */

import type { Assignor } from './types.ts';
import { HeterogeneousAssignment } from './uniform-heterogeneous.ts';
import { HomogeneousAssignment } from './uniform-homogeneous.ts';

export const uniformAssignor: Assignor = {
  name: 'uniform',
  assign: (input) => (input.homogeneous ? new HomogeneousAssignment(input).build() : new HeterogeneousAssignment(input).build()),
};
