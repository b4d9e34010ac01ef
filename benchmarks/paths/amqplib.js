// The paths of amqplib, with the client stubbed right below the traced call.
import { EventEmitter } from 'node:events';
import { traceChannel } from 'mqtrace/amqplib';

const many = (count, make) => Array.from({ length: count }, make);
const content = Buffer.from('{"order":7}');

/** A channel with the class that amqplib exports, as far as it is used here. */
export function channelOf({ patch }, kind) {
  class Channel extends EventEmitter {
    connection = { serverProperties: {} };
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
  return new (patch('amqplib', { Channel, ConfirmChannel }, 'channel_model.js')[kind])();
}

/** Messages as amqplib delivers them. */
export function deliveries() {
  let tag = 0;
  return (texts) => ({
    fields: { deliveryTag: ++tag, redelivered: false, exchange: '', routingKey: 'orders', consumerTag: 'c' },
    properties: { headers: { ...texts }, contentType: undefined, timestamp: undefined },
    content,
  });
}

/** The options of each publish, as an application creates them. */
const optionsOf = ({ writesHeaders }, texts) =>
  writesHeaders ? () => ({ persistent: true, headers: { ...texts } }) : () => ({ persistent: true });

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
    await channel.consume('orders', (message) => channel.ack(message));
    const delivery = deliveries();
    return ({ texts }) => ({
      prepare: (count) => many(count, () => delivery(texts)),
      run(messages) {
        for (const message of messages) channel.handler(message);
      },
    });
  },
};
