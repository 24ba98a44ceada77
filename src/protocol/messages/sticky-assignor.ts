import { defineMessage } from '../schema/define.ts';
import { array, int32, string } from '../schema/fields.ts';

/**
 * What a member with the `sticky` assignor joins with: it has given everything up by then, so it says what it had.
 * Travels without a version before it; readers try the newest first. 1 brought the generation (KAFKA-7026).
 */
export const StickyAssignorUserData = defineMessage({
  name: 'StickyAssignorUserData',
  versions: [0, 1],
  flexibleFrom: null,
  shape: {
    previousAssignment: array('0+', { topic: string(), partitions: array('0+', int32()) }),
    generation: int32('1+', { default: -1 }),
  },
});
