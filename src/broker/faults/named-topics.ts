/**
 * Which topics a request names, and the request without some of them. Worked out from the request's schema: everything
 * about topics is in arrays that are called so, with the name or the id in each element.
 */

import type { Field, Shape } from '../../protocol/schema/fields.ts';

type Struct = Readonly<Record<string, unknown>>;
/** Name of the topic with this id; undefined when there is none. */
export type TopicNames = (id: Uint8Array) => string | undefined;

const TOPIC_ARRAY = /topic/i;
const TOPIC_NAME_FIELDS = ['topic', 'name'];
/** `ConfigResource.Type`. */
const TOPIC_RESOURCE = 2;

/** Whether the topic is named anywhere in the request. */
export function namesTopic(shape: Shape, request: Struct, topic: string, names: TopicNames): boolean {
  return Object.entries(shape).some(([name, field]) => {
    const value = request[name];
    if (field.kind !== 'array' || !Array.isArray(value)) return false;
    const elementShape = field.element?.shape;
    return value.some((element: unknown) => {
      if (isAbout(name, field, element, topic, names)) return true;
      return elementShape !== undefined && namesTopic(elementShape, element as Struct, topic, names);
    });
  });
}

export interface SplitRequest {
  /** Only the topic. */
  readonly matching: Struct;
  /** All the others; undefined when there are none. */
  readonly rest: Struct | undefined;
}

/** Undefined when the topic is named deeper down, so that the request can only be taken as a whole. */
export function splitByTopic(shape: Shape, request: Struct, topic: string, names: TopicNames): SplitRequest | undefined {
  for (const [name, field] of Object.entries(shape)) {
    const value = request[name];
    if (field.kind !== 'array' || !Array.isArray(value)) continue;
    const matching = value.filter((element: unknown) => isAbout(name, field, element, topic, names));
    if (matching.length === 0) continue;
    const rest = value.filter((element: unknown) => !isAbout(name, field, element, topic, names));
    return { matching: { ...request, [name]: matching }, rest: rest.length === 0 ? undefined : { ...request, [name]: rest } };
  }
  return undefined;
}

function isAbout(arrayName: string, array: Field, element: unknown, topic: string, names: TopicNames): boolean {
  const shape = array.element?.shape;
  if (shape === undefined) return TOPIC_ARRAY.test(arrayName) && element === topic;
  const struct = element as Struct;
  if (shape.resourceName !== undefined) return struct.resourceType === TOPIC_RESOURCE && struct.resourceName === topic;
  if (!TOPIC_ARRAY.test(arrayName)) return false;
  if (TOPIC_NAME_FIELDS.some((field) => shape[field]?.kind === 'string' && struct[field] === topic)) return true;
  return shape.topicId !== undefined && struct.topicId instanceof Uint8Array && names(struct.topicId) === topic;
}
