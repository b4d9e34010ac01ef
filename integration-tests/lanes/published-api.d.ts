export interface Declared {
  readonly name: string;
  readonly text: string;
}

export interface PublishedApi {
  /** For each subpath, the text of each export or the subpath that has the same export. */
  readonly subpaths: readonly {
    readonly subpath: string;
    readonly exports: readonly (Declared & { readonly sameAs: string | undefined })[];
  }[];
  /** Types that exports use but no subpath exports. */
  readonly unnamed: readonly Declared[];
  /** Optional properties that do not accept an explicit `undefined`. */
  readonly strictlyOptional: readonly string[];
}

/** @param project - folder of a project in which mqtrace and TypeScript 5, which has a compiler API, are installed */
export function publishedApi(project: string): PublishedApi;
