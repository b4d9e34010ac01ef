// Traces pipelines, and transactions that are sent as a pipeline.
import { types } from 'node:util';
import { guard } from '../messaging/index.ts';
import { onReject, onReply } from './command-hooks.ts';
import type { Connection } from './connection.ts';
import { passedOnIn, passOnToClusterAgain, wasPassedOnToCluster } from './passed-on.ts';
import { StreamCall } from './stream-call.ts';
import { track, trackedOf } from './tracked-command.ts';
import type { Command, Pipeline } from './types.ts';

/**
 * Traces the commands of a pipeline, or of a transaction that is sent as a pipeline. The parent of a command's span is the context
 * of the call that added it. The span starts when the pipeline is sent and ends with the reply; in a transaction, with the result
 * from EXEC.
 *
 * @internal
 */
export function tracePipeline(connection: Connection, pipeline: Pipeline): void {
  const commands: Command[] = [];
  const followed = new Set<StreamCall>();
  let execAt: number | undefined;
  let execError: unknown;

  const { sendCommand, resolve, reject } = pipeline;
  hide(pipeline, 'sendCommand', (command: Command): unknown => {
    guard('tracing a Redis pipeline', () => {
      commands.push(command);
      const known = trackedOf(command);
      // A Cluster sends the commands of a pipeline again when a node redirected them.
      if (known !== undefined) {
        known.amongOthers.pendingError = undefined;
        known.watchReject();
      } else if (wasPassedOnToCluster(command)) {
        passOnToClusterAgain(command);
      } else if (passedOnIn(command) === undefined) {
        const tracked = track(connection, command, false);
        if (tracked instanceof StreamCall) {
          tracked.amongOthers.pipelined = true;
          followed.add(tracked);
        }
      }
      if (command.name.toLowerCase() === 'exec') {
        const first = execAt === undefined;
        execAt = commands.length - 1;
        execError = undefined;
        watchExec(command, first);
      }
    });
    return sendCommand.call(pipeline, command);
  });

  function watchExec(command: Command, first: boolean): void {
    onReject(command, (error) => {
      execError = error;
    });
    if (!first) return;
    onReply(command, (results) => {
      if (!Array.isArray(results) || execAt === undefined) return;
      const start = execAt - results.length;
      results.forEach((result: unknown, at) => {
        const of = commands[start + at];
        // A successful result is passed to the transformReply of its command afterwards.
        if (types.isNativeError(result) && of !== undefined) trackedOf(of)?.fail(result);
      });
    });
  }

  function settle(pipelineError?: unknown): void {
    for (const command of followed) {
      const { pendingError, queued } = command.amongOthers;
      const error = pendingError ?? pipelineError ?? execError;
      if (error !== undefined) command.fail(error);
      else if (queued && execAt !== undefined) command.fail(notExecuted, 'ABORTED');
      else command.leave();
    }
  }

  const settled = (results: unknown): void => {
    guard('tracing a Redis pipeline', () => settle());
    resolve.call(pipeline, results);
  };
  const failed = (error: unknown): void => {
    guard('tracing a Redis pipeline', () => settle(error));
    reject.call(pipeline, error);
  };
  pipeline.resolve = settled;
  pipeline.reject = failed;
}

/** @internal */
export const notExecuted: Error = new Error('The transaction was not executed: a watched key had changed');

function hide(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, configurable: true, writable: true, enumerable: false });
}
