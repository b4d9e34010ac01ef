// Configures the API reference: one module for each subpath of package.json, named like the subpath.
import { readFileSync } from 'node:fs';

const { exports } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));

/** The names of the subpaths, by their source without the extension. */
const subpaths = new Map(
  Object.entries(exports)
    .filter(([, target]) => typeof target === 'object')
    .map(([subpath, { default: built }]) => [
      built.types.replace(/^\.\/dist\/|\.d\.ts$/g, ''),
      `mqtrace${subpath.slice(1)}`,
    ]),
);

/** Names the modules, which would otherwise be named after their paths. */
function nameModules(app) {
  app.converter.on('resolveBegin', ({ project }) => {
    for (const module of project.children ?? []) {
      const source = `${module.sources?.[0]?.fileName}`.replace(/\.ts$/, '');
      module.name = subpaths.get(source) ?? module.name;
    }
  });
}

export default {
  name: 'mqtrace',
  entryPoints: [...subpaths.keys()].map((source) => `${source}.ts`),
  tsconfig: 'tsconfig.check.json',
  out: 'docs-api',
  excludeInternal: true,
  excludePrivate: true,
  readme: 'README.md',
  gitRevision: 'main',
  plugin: [nameModules],
  externalSymbolLinkMappings: { '@opentelemetry/api': { '*': '#' }, '@opentelemetry/sdk-trace': { '*': '#' } },
  treatWarningsAsErrors: true,
  validation: { notExported: false, invalidLink: true },
};
