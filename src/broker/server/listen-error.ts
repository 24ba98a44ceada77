import { MillraceError } from '../../errors.ts';

/** What is wrong with a port that cannot be listened on, and what to do about it: PORT_IN_USE or INVALID_CONFIG. */
export function listenError(error: NodeJS.ErrnoException, host: string, port: number): MillraceError {
  const context = { host, port };
  if (error.code === 'EADDRINUSE') {
    return new MillraceError(
      'PORT_IN_USE',
      `Port ${port} on ${host} is in use by another process. Stop that process, or choose another port (0 takes any free one).`,
      { cause: error, context },
    );
  }
  if (error.code === 'EACCES') {
    return new MillraceError('PORT_IN_USE', `Port ${port} on ${host} may not be used: it needs privileges. Choose a port from 1024 on.`, {
      cause: error,
      context,
    });
  }
  return new MillraceError(
    'INVALID_CONFIG',
    `The broker cannot listen on ${host}:${port}: ${error.message}. Choose an address of this machine.`,
    { cause: error, context },
  );
}
