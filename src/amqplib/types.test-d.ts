import type {
  Channel,
  ChannelModel,
  ConfirmChannel,
  ConsumeMessage,
  GetMessage,
  RecoveringChannelModel,
} from 'amqplib';
import type {
  Channel as CallbackChannel,
  ConfirmChannel as CallbackConfirmChannel,
  Connection as CallbackConnection,
  RecoveringConnection,
} from 'amqplib/callback_api';
import { expectTypeOf, test } from 'vitest';
import { processMessage, traceChannel, traceConnection } from './index.ts';

test('amqplib’s own types are accepted and returned', () => {
  expectTypeOf(traceConnection<ChannelModel>).returns.toEqualTypeOf<ChannelModel>();
  expectTypeOf(traceConnection<RecoveringChannelModel>).returns.toEqualTypeOf<RecoveringChannelModel>();
  expectTypeOf(traceChannel<Channel>).returns.toEqualTypeOf<Channel>();
  expectTypeOf(traceChannel<ConfirmChannel>).returns.toEqualTypeOf<ConfirmChannel>();
  expectTypeOf(traceConnection<CallbackConnection>).returns.toEqualTypeOf<CallbackConnection>();
  expectTypeOf(traceConnection<RecoveringConnection>).returns.toEqualTypeOf<RecoveringConnection>();
  expectTypeOf(traceChannel<CallbackChannel>).returns.toEqualTypeOf<CallbackChannel>();
  expectTypeOf(traceChannel<CallbackConfirmChannel>).returns.toEqualTypeOf<CallbackConfirmChannel>();
});

test('processMessage accepts the messages of consume and get, and returns the result of its function', () => {
  expectTypeOf<ConsumeMessage>().toExtend<Parameters<typeof processMessage>[0]>();
  expectTypeOf<GetMessage>().toExtend<Parameters<typeof processMessage>[0]>();
  expectTypeOf(processMessage<GetMessage, Promise<number>>)
    .parameter(1)
    .toEqualTypeOf<(message: GetMessage) => Promise<number>>();
  expectTypeOf(processMessage<GetMessage, Promise<number>>).returns.toEqualTypeOf<Promise<number>>();
});

test('neither an invalid channel nor an invalid option compiles', () => {
  expectTypeOf<ChannelModel>().not.toExtend<Parameters<typeof traceChannel>[0]>();
  expectTypeOf<{ sever: object }>().not.toExtend<NonNullable<Parameters<typeof traceChannel>[1]>>();
});
