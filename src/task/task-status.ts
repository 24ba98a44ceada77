/**
 * - `restoring`: made; its stores are being filled.
 * - `running`: takes input, processes, punctuates, closes epochs.
 * - `suspended`: keeps state, does nothing; may be started again.
 * - `failed`: threw; only closing is left.
 * - `closed`
 */
export type TaskStatus = 'restoring' | 'running' | 'suspended' | 'failed' | 'closed';

export type TaskEvent = 'start' | 'suspend' | 'fail' | 'close';

const TRANSITIONS: Readonly<Record<TaskStatus, Partial<Record<TaskEvent, TaskStatus>>>> = {
  // A running task is started again when it was given out anew before its suspension got through.
  restoring: { start: 'running', fail: 'failed', close: 'closed' },
  running: { start: 'running', suspend: 'suspended', fail: 'failed', close: 'closed' },
  suspended: { start: 'running', suspend: 'suspended', fail: 'failed', close: 'closed' },
  failed: { suspend: 'failed', close: 'closed' },
  closed: {},
};

/** The status after `event`; undefined where it is not allowed. */
export function nextStatus(status: TaskStatus, event: TaskEvent): TaskStatus | undefined {
  return TRANSITIONS[status][event];
}
