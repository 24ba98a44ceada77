/**
 * Every kind of group. `type` tells them apart; KIP-848's groups join this union when they are built, and each place
 * that cares about the kind then fails to compile until it says what it does with them.
 */

import type { ClassicGroup } from './classic-group.ts';

export type Group = ClassicGroup;
