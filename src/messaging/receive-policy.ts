// Applies the baggage and trust options to sent and received messages.
import { type Attributes, type Context, ROOT_CONTEXT } from '@opentelemetry/api';
import { checkNames } from '../common/check-options.ts';
import { invalidOption } from '../common/errors.ts';
import { type BaggageRules, type CompiledPolicy, compilePolicy } from '../propagation/baggage-policy.ts';
import { type Trust, type AdmittedContext, TrustPolicy } from '../propagation/trust.ts';
import type { TraceOptions } from './options.ts';
import { PerDestination } from './per-destination.ts';

interface CompiledRules {
  send: CompiledPolicy | undefined;
  receive: CompiledPolicy | undefined;
}

const noRules: CompiledRules = { send: undefined, receive: undefined };

/** The baggage and trust options of one client, by destination, also for sent messages: their baggage is filtered too. @internal */
export class ReceivePolicy {
  readonly #baggage: PerDestination<BaggageRules | undefined, CompiledRules> | undefined;
  readonly #trust: PerDestination<Trust | undefined, TrustPolicy> | undefined;

  /** @throws MqtraceError `INVALID_OPTION` */
  constructor(where: string, { baggage, trust }: Pick<TraceOptions, 'baggage' | 'trust'>) {
    if (baggage !== undefined) {
      const prepare = (rules: BaggageRules | undefined): CompiledRules => compileRules(rules, `${where}({ baggage })`);
      // If the function fails, nothing passes, because it is unknown what it would deny.
      const nothing = compileRules({ send: { maxEntries: 0 }, receive: { maxEntries: 0 } }, where);
      this.#baggage = new PerDestination('baggage', baggage, prepare, nothing);
    }
    if (trust !== undefined) {
      const prepare = (given: Trust | undefined): TrustPolicy =>
        new TrustPolicy(given ?? 'continue', `${where}({ trust })`);
      this.#trust = new PerDestination('trust', trust, prepare, new TrustPolicy('link', where));
    }
  }

  /** Whether there is a baggage policy. */
  get filtersBaggage(): boolean {
    return this.#baggage !== undefined;
  }

  /** The context with only the baggage that may be sent to the destination. */
  toSend(context: Context, destination: string | undefined): Context {
    return this.#baggage?.for(destination).send?.apply(context) ?? context;
  }

  /** The trusted part of a received context, with only the accepted baggage. */
  received(context: Context, destination: string | undefined): AdmittedContext {
    const trusted = this.#trust?.for(destination).apply(context, ROOT_CONTEXT) ?? { context, linkOnly: false };
    const policy = this.#baggage?.for(destination).receive;
    return policy === undefined ? trusted : { context: policy.apply(trusted.context), linkOnly: trusted.linkOnly };
  }

  /** The baggage for the span attributes of an operation. */
  attributes(direction: 'send' | 'receive', context: Context, destination: string | undefined): Attributes | undefined {
    const policy = this.#baggage?.for(destination)[direction];
    if (policy === undefined) return undefined;
    return direction === 'send' ? policy.attributesToSend(context) : policy.attributes(context);
  }
}

function compileRules(rules: BaggageRules | undefined, where: string): CompiledRules {
  if (rules === undefined) return noRules;
  if (typeof rules !== 'object' || rules === null) throw invalidOption(where, rules, 'rules { send, receive }');
  checkNames(where, rules, ['send', 'receive']);
  return {
    send: rules.send === undefined ? undefined : compilePolicy(rules.send, `${where}.send`),
    receive: rules.receive === undefined ? undefined : compilePolicy(rules.receive, `${where}.receive`),
  };
}
