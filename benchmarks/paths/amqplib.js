// The paths of amqplib, with the client stubbed right below the traced call.
import { EventEmitter } from 'node:events';
import { traceChannel } from 'mqtrace/amqplib';
import { decoded } from '../clients/set-up.js';

const many = (count, make) => Array.from({ length: count }, make);
const content = Buffer.from('{"order":7}');

/** A connection as the client's `connect` opens it, with what a RabbitMQ says of itself. */
function connectionOf({ patch }) {
  const connection = Object.assign(new EventEmitter(), {
    stream: { _host: 'localhost', remoteAddress: '127.0.0.1', remotePort: 5672 },
    frameMax: 131_072,
    serverProperties: {
      cluster_name: 'rabbit@localhost',
      copyright: 'Copyright (c) Broadcom',
      information: 'Licensed under the MPL 2.0',
      platform: 'Erlang/OTP 26',
      product: 'RabbitMQ',
      version: '4.0.5',
    },
  });
  // The auto-instrumentation patches `connect`, and keeps the attributes of the connection for each span.
  const connect = (_url, _options, opened) => opened(null, connection);
  patch('amqplib', { connect }, '/connect.js').connect('amqp://guest:guest@localhost:5672', {}, () => {});
  return connection;
}

/** A channel with the class that amqplib exports, as far as it is used here. */
export function channelOf(tools, kind) {
  class Channel extends EventEmitter {
    constructor(connection) {
      super();
      this.connection = connection;
    }
    get() {}
    publish() {
      return true;
    }
    sendToQueue(queue, message, options) {
      return this.publish('', queue, message, options);
    }
    ack() {}
    nack() {}
    reject() {}
    ackAll() {}
    nackAll() {}
    async consume(_queue, handler) {
      this.handler = handler;
      return { consumerTag: 'c' };
    }
  }
  class ConfirmChannel extends Channel {
    lwm = 1;
    unconfirmed = [];
    published = 0;
    publish(exchange, routingKey, message, options, callback) {
      this.unconfirmed.push(callback);
      this.published++;
      return super.publish(exchange, routingKey, message, options);
    }
    async waitForConfirms() {}
    /** The broker's confirm of all published messages. */
    confirm() {
      const waiting = this.unconfirmed;
      this.unconfirmed = [];
      this.lwm = this.published + 1;
      for (const callback of waiting) callback?.(null);
      this.emit('ack', { deliveryTag: this.published, multiple: true });
    }
  }
  const classes = tools.patch('amqplib', { Channel, ConfirmChannel }, '/channel_model.js');
  return new classes[kind](connectionOf(tools));
}

/** Messages as amqplib delivers them. */
export function deliveries() {
  let tag = 0;
  return (texts) => ({
    fields: { consumerTag: 'c', deliveryTag: ++tag, redelivered: false, exchange: '', routingKey: 'orders' },
    properties: {
      contentType: undefined,
      contentEncoding: undefined,
      headers: decoded(texts),
      deliveryMode: 2,
      priority: undefined,
      correlationId: undefined,
      replyTo: undefined,
      expiration: undefined,
      messageId: undefined,
      timestamp: undefined,
      type: undefined,
      userId: undefined,
      appId: undefined,
      clusterId: undefined,
    },
    content,
  });
}

/** The options of each publish, as an application creates them. */
const optionsOf = (tools, texts) => {
  const headers = tools.sentHeaders(texts);
  return headers ? () => ({ persistent: true, headers: { ...headers } }) : () => ({ persistent: true });
};

export const families = {
  'amqplib publish'(tools) {
    const channel = tools.wrap(channelOf(tools, 'Channel'), traceChannel);
    return ({ texts }) => ({
      sends: true,
      prepare: (count) => many(count, optionsOf(tools, texts)),
      run(each) {
        for (const options of each) channel.publish('', 'orders', content, options);
      },
    });
  },

  'amqplib publish, new contexts'(tools) {
    const channel = tools.wrap(channelOf(tools, 'Channel'), traceChannel);
    return ({ texts }) => ({
      prepare(count) {
        const options = many(count, optionsOf(tools, texts));
        return tools.newContexts(texts, count).map((parent, at) => ({ parent, options: options[at] }));
      },
      run(each) {
        for (const { parent, options } of each)
          tools.within(parent, () => channel.publish('', 'orders', content, options));
      },
    });
  },

  'amqplib publish and confirm'(tools) {
    const channel = tools.wrap(channelOf(tools, 'ConfirmChannel'), traceChannel);
    let confirmed = 0;
    const onConfirm = () => void confirmed++;
    return ({ texts }) => ({
      sends: true,
      prepare: (count) => many(count, optionsOf(tools, texts)),
      run(each) {
        for (const options of each) {
          channel.publish('', 'orders', content, options, onConfirm);
          // Some publishes wait for their confirm, as with a real broker.
          if (channel.unconfirmed.length === 100) channel.confirm();
        }
        channel.confirm();
      },
    });
  },

  async 'amqplib consume and ack'(tools) {
    const channel = tools.wrap(channelOf(tools, 'Channel'), traceChannel);
    await channel.consume(
      'orders',
      tools.handler((message) => channel.ack(message)),
    );
    const delivery = deliveries();
    return ({ texts }) => ({
      prepare: (count) => many(count, () => delivery(texts)),
      run(messages) {
        for (const message of messages) channel.handler(message);
      },
    });
  },
};
