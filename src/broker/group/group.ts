/** Every kind of group; `type` tells them apart. */

import type { ClassicGroup } from './classic-group.ts';
import type { ConsumerGroup } from './consumer/consumer-group.ts';

export type Group = ClassicGroup | ConsumerGroup;
