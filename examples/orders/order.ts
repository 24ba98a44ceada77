/** What the topics of this example hold, as JSON. */

export const ORDERS = 'orders';

/** A record of topic `orders`; its key is the customer. */
export interface Order {
  id: number;
  customer: string;
  item: string;
  quantity: number;
}

/** A record of a tracker's output topic: this order has been dealt with. Its key is the order's id. */
export interface Tracked {
  order: number;
  tracker: string;
}

/** What is known about an order after processing, and when: it depends on which step comes first. */
export const GUARANTEES = ['at-most-once', 'at-least-once', 'exactly-once'] as const;
export type Guarantee = (typeof GUARANTEES)[number];

export const outputTopic = (guarantee: Guarantee): string => `tracked-${guarantee}`;

const ITEMS = ['espresso machine', 'umbrella', 'bicycle', 'desk lamp', 'atlas', 'kettle'];
const CUSTOMERS = 97;

/** The same order for the same number, so that runs can be compared. */
export function orderOf(id: number): Order {
  return { id, customer: `customer-${(id * 31) % CUSTOMERS}`, item: ITEMS[id % ITEMS.length] ?? 'nothing', quantity: 1 + (id % 3) };
}
