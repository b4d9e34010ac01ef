// The transports of NestJS with traced clients. This file is all that explicit tracing takes.
import { ClientKafka, ClientRMQ, ServerKafka, ServerRMQ } from '@nestjs/microservices';
import { traceConnectionManager } from 'mqtrace/amqp-connection-manager';
import { traceKafka } from 'mqtrace/kafkajs';

/** `createClient` is asynchronous in NestJS 12, except that of ClientRMQ. For one version only, its line is enough. */
// oxlint-disable-next-line typescript/no-explicit-any -- differs by version
function traced(made: any, wrap: (client: any) => unknown): any {
  return typeof made.then === 'function' ? made.then(wrap) : wrap(made);
}

export class TracedServerKafka extends ServerKafka {
  // oxlint-disable-next-line typescript/no-explicit-any -- differs by version
  override createClient(): any {
    return traced(super.createClient(), traceKafka);
  }
}

export class TracedClientKafka extends ClientKafka {
  // oxlint-disable-next-line typescript/no-explicit-any -- differs by version
  override createClient(): any {
    return traced(super.createClient(), traceKafka);
  }
}

export class TracedServerRMQ extends ServerRMQ {
  // oxlint-disable-next-line typescript/no-explicit-any -- differs by version
  override createClient(): any {
    return traced(super.createClient(), traceConnectionManager);
  }
}

export class TracedClientRMQ extends ClientRMQ {
  // oxlint-disable-next-line typescript/no-explicit-any -- differs by version
  override createClient(): any {
    return traced(super.createClient(), traceConnectionManager);
  }
}
