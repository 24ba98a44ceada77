/** The admin port's paths. Each does what the control of the same name does; see docs/operating/faults.md. */

import { Hono } from 'hono';
import type { BrokerControls, CoordinatorType } from '../control/controls.ts';
import type { PartitionState } from '../control/state.ts';
import type { Fault } from '../faults/fault.ts';
import type { BrokerLogger } from '../logger.ts';
import { answerError, BadRequest, notFound, refuse } from './answers.ts';
import { bodyNumber, jsonBody, pathNumber, pathText } from './inputs.ts';

export function adminRoutes(controls: BrokerControls, log: BrokerLogger): Hono {
  const app = new Hono();
  app.onError((error, context) => answerError(context, error, log));
  app.notFound((context) => notFound(context, `There is nothing at ${context.req.method} ${context.req.path}. GET / lists what there is.`));
  app.use(async (context, next) => {
    // The port asks nobody who they are, so pages that happen to be open in a browser must not use it.
    if (context.req.header('origin') !== undefined)
      return refuse(context, 403, 'INVALID_CONFIG', 'The admin port takes no requests of web pages.', 'Origin');
    await next();
  });
  addStateRoutes(app, controls);
  addFaultRoutes(app, controls);
  addNodeRoutes(app, controls);
  addMoveRoutes(app, controls);
  addExpiryRoutes(app, controls);
  app.get('/', (context) => {
    const paths = app.routes.filter(({ method, path }) => method !== 'ALL' && path !== '/').map(({ method, path }) => `${method} ${path}`);
    return context.json({ paths });
  });
  return app;
}

function addStateRoutes(app: Hono, controls: BrokerControls): void {
  app.get('/state', (context) => context.json(controls.state()));
  app.get('/metrics', (context) => context.json(controls.metrics()));
  app.post('/clock/advance', async (context) => {
    await controls.advanceClock(await bodyNumber(context, 'byMs'));
    return context.json({ nowMs: controls.state().nowMs });
  });
}

function addFaultRoutes(app: Hono, controls: BrokerControls): void {
  app.get('/faults', (context) => context.json({ faults: controls.faults() }));
  app.post('/faults', async (context) => {
    const id = controls.addFault((await jsonBody(context)) as Fault);
    return context.json(controls.fault(id), 201);
  });
  app.delete('/faults', (context) => {
    controls.clearFaults();
    return context.body(null, 204);
  });
  app.get('/faults/:id', (context) => {
    const id = pathNumber(context, 'id');
    const status = controls.faults().find((fault) => fault.id === id);
    return status === undefined ? notFound(context, `There is no fault ${id}.`) : context.json(status);
  });
  app.delete('/faults/:id', (context) => {
    const id = pathNumber(context, 'id');
    return controls.removeFault(id) ? context.body(null, 204) : notFound(context, `There is no fault ${id}.`);
  });
}

function addNodeRoutes(app: Hono, controls: BrokerControls): void {
  const add = (action: string, act: (node: number) => void | Promise<void>): void => {
    app.post(`/nodes/:node/${action}`, async (context) => {
      const node = pathNumber(context, 'node', 1);
      if (!controls.state().nodes.some(({ id }) => id === node)) return notFound(context, `There is no node ${node}.`);
      await act(node);
      return context.json(controls.state().nodes.find(({ id }) => id === node));
    });
  };
  add('stop', (node) => controls.stopNode(node));
  add('start', (node) => controls.startNode(node));
  add('pause', (node) => controls.pauseNode(node));
  add('resume', (node) => controls.resumeNode(node));
}

function addMoveRoutes(app: Hono, controls: BrokerControls): void {
  const partitionOf = (topic: string, partition: number): PartitionState | undefined =>
    controls.state().topics.find(({ name }) => name === topic)?.partitions[partition];

  app.put('/topics/:topic/partitions/:partition/leader', async (context) => {
    const topic = pathText(context, 'topic');
    const partition = pathNumber(context, 'partition');
    const node = await bodyNumber(context, 'node', 1);
    if (partitionOf(topic, partition) === undefined) return notFound(context, `There is no partition ${topic}-${partition}.`);
    await controls.moveLeader(topic, partition, node);
    return context.json(partitionOf(topic, partition));
  });

  app.post('/topics/:topic/partitions/:partition/corrupt', async (context) => {
    const topic = pathText(context, 'topic');
    const partition = pathNumber(context, 'partition');
    const offset = await bodyNumber(context, 'offset');
    if (partitionOf(topic, partition) === undefined) return notFound(context, `There is no partition ${topic}-${partition}.`);
    await controls.corruptBatch(topic, partition, offset);
    return context.body(null, 204);
  });

  app.put('/coordinators/:type/:key', async (context) => {
    const type = pathText(context, 'type');
    if (type !== 'group' && type !== 'transaction') throw new BadRequest('type', `must be group or transaction; it is '${type}'`);
    const key = pathText(context, 'key');
    const node = await bodyNumber(context, 'node', 1);
    await controls.moveCoordinator(type satisfies CoordinatorType, key, node);
    return context.json({ type, key, coordinator: node });
  });
}

function addExpiryRoutes(app: Hono, controls: BrokerControls): void {
  app.delete('/producers/:producerId', (context) => {
    const producerId = pathNumber(context, 'producerId');
    const partitions = controls.expireProducer(producerId);
    return partitions === 0 ? notFound(context, `No partition can forget a producer ${producerId}.`) : context.json({ partitions });
  });
  app.delete('/transactions/:transactionalId', async (context) => {
    await controls.expireTransaction(pathText(context, 'transactionalId'));
    return context.body(null, 204);
  });
  app.delete('/groups/:groupId/members/:memberId', async (context) => {
    await controls.expireMember(pathText(context, 'groupId'), pathText(context, 'memberId'));
    return context.body(null, 204);
  });
}
