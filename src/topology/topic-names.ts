import type { StoreSpec } from '../state/store-spec.ts';
import type { SubTopology, TopicRef } from './nodes.ts';

/** The name of a topic on the broker: internal topics get the application id as prefix. */
export function resolveTopic(ref: TopicRef, applicationId: string): string {
  return ref.internal ? `${applicationId}-${ref.name}` : ref.name;
}

/** `<application id>-<store>-changelog` */
export function changelogTopicName(storeName: string, applicationId: string): string {
  return `${applicationId}-${storeName}-changelog`;
}

/** Where the changes of a store go: its changelog; the source topic itself where that serves as changelog; undefined without logging. */
export function changelogTopic(store: StoreSpec<any, any>, applicationId: string): string | undefined {
  if (store.sourceTopic !== undefined) return store.sourceTopic;
  return store.logging.enabled ? changelogTopicName(store.name, applicationId) : undefined;
}

/** All topics a sub-topology reads, with the application id applied, sorted and without duplicates. */
export function sourceTopicNames(subTopology: SubTopology, applicationId: string): string[] {
  const names = subTopology.sources.flatMap((source) => source.topics.map((topic) => resolveTopic(topic, applicationId)));
  return [...new Set(names)].sort();
}
