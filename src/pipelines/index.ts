// Carries context through code that no wrapper covers: fan-in, fan-out, streams, emitters, stored contexts.
export { type ContextSource, linksTo } from './context-source.ts';
export { fanIn, type FanInOptions } from './fan-in.ts';
export { fanOut, type FanOutOptions } from './fan-out.ts';
export { bindEmitter, keepContext, keptContext, mapInContext } from './streams.ts';
