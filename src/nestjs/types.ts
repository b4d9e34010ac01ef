// Describes the used parts of NestJS and RxJS structurally, so that no version of them is imported.

/** An `ExecutionContext` of NestJS. */
export interface ExecutionContextLike {
  getType(): string;
  getClass(): { readonly name: string };
  getHandler(): { readonly name: string };
}

/** An `Observable` of RxJS. */
export interface ObservableLike {
  subscribe(observer: never): unknown;
}

/** What follows an interceptor, the handler at the end: a `CallHandler` of NestJS. */
export interface CallHandlerLike<O extends ObservableLike> {
  handle(): O;
}
