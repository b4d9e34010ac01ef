// Decides which stream commands are tracked, and how.
import type { Context } from '@opentelemetry/api';
import { reportFault } from '../common/faults.ts';
import { activeContext, LightOperation, measurePassedOn } from '../messaging/index.ts';
import { metricsEpoch } from '../metrics/series.ts';
import type { CarriedHeaders } from '../propagation/carried-headers.ts';
import type { Connection } from './connection.ts';
import { text } from './arguments.ts';
import { MeasuredCall } from './measured-call.ts';
import { passOn, passOnToCluster } from './passed-on.ts';
import { QueryingCall } from './querying.ts';
import { ReceivingCall } from './receiving.ts';
import { MeasuredSendingCall, SendingCall } from './sending.ts';
import { SettlingCall } from './settling.ts';
import { StreamCall } from './stream-call.ts';
import type { Command } from './types.ts';

/** Whether a command may be a stream command: a cheap test that excludes most others. @internal */
export function maybeStreamCommand(command: Command): boolean {
  const first = command.name.charCodeAt(0);
  return first === 0x78 || first === 0x58;
}

/** The tracked form of a command; undefined for one that is not traced. @internal */
export function trackedOf(command: Command): StreamCall | undefined {
  return StreamCall.of(command);
}

/**
 * Tracks a command called in the current context, if it is a traced stream command. Returns the headers of an XADD
 * that is passed on: it has no span, and may be measured by a {@link MeasuredCall}.
 *
 * @param single - whether the command is sent now, and not in a pipeline or a transaction.
 * @internal
 */
export function track(
  connection: Connection,
  command: Command,
  single: boolean,
): StreamCall | CarriedHeaders | undefined {
  if (!maybeStreamCommand(command)) return undefined;
  const parent = activeContext();
  const isMeasured = metricsEpoch() !== 0;
  const { messaging } = connection.tracing;
  // No closure, because one would be created for each command.
  try {
    const isCluster = connection.client.isCluster === true;
    const passesOn = !isMeasured || (single && !isCluster);
    let headers: CarriedHeaders | undefined;
    if (command.name === 'xadd') {
      headers = messaging.passedOn(parent);
      if (headers !== undefined && passesOn) {
        if (isCluster) {
          passOnToCluster(command, headers);
          return undefined;
        }
        passOn(command, isMeasured ? measureSend(connection, command, parent) : parent);
        return headers;
      }
    } else if (single && passesOn && command.name === 'xack' && !messaging.recordsSettlement(parent)) {
      connection.tracing.forget(command.args);
      const measured = messaging.observesSettlement(parent);
      passOn(command, measured ? measureSettlement(connection, command, parent) : parent);
      return undefined;
    }
    const call =
      headers === undefined
        ? callOf(connection, command, parent)
        : new MeasuredSendingCall(connection, parent, headers);
    if (call === undefined) return undefined;
    call.observe(command);
    return call;
  } catch (error) {
    reportFault('tracing a Redis command', error);
    return undefined;
  }
}

/** Measures an XADD without a span. */
function measureSend(connection: Connection, command: Command, parent: Context): MeasuredCall | Context {
  const { tracing, server } = connection;
  const light = measurePassedOn(tracing.messaging, 'xadd', { name: text(command.args[0]) }, server, parent);
  return light === undefined ? parent : observe(connection, command, light);
}

/** Measures an XACK without a span. */
function measureSettlement(connection: Connection, command: Command, parent: Context): MeasuredCall | Context {
  const [stream, group] = command.args;
  const { measurer } = connection.tracing.messaging;
  const measurement = measurer.start('xack', 'settle', { name: text(stream) }, connection.ofGroup(text(group)));
  return measurement === undefined ? parent : observe(connection, command, LightOperation.start(parent, measurement));
}

function observe(connection: Connection, command: Command, operation: LightOperation): MeasuredCall {
  const call = new MeasuredCall(operation, command);
  connection.track(call);
  return call;
}

/** The operation of a command, by its name; undefined for one that is not traced. @internal */
export function callOf(connection: Connection, command: Command, parent: Context): StreamCall | undefined {
  const name = command.name.toLowerCase();
  switch (name) {
    case 'xadd':
      return new SendingCall(connection, parent);
    case 'xack':
      return new SettlingCall(connection, command, parent);
    case 'xread':
    case 'xreadgroup':
    case 'xclaim':
    case 'xautoclaim':
      return new ReceivingCall(connection, name, command, parent);
    case 'xrange':
    case 'xrevrange':
    case 'xinfo':
      return connection.tracing.hidesFields ? new QueryingCall(connection, name, command, parent) : undefined;
    default:
      return undefined;
  }
}
