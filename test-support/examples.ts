// Reads the examples of the README and of docs/: every fenced block, with its language and position.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Example {
  /** File and line, such as `docs/sdk.md:13`. */
  readonly name: string;
  readonly language: string;
  readonly code: string;
}

/** All examples of the documentation. */
export function examples(root: string): Example[] {
  const docs = readdirSync(join(root, 'docs'))
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`);
  return ['README.md', 'CONTRIBUTING.md', ...docs].flatMap((file) =>
    examplesOf(file, readFileSync(join(root, file), 'utf8')),
  );
}

function examplesOf(file: string, text: string): Example[] {
  return [...text.matchAll(/^```(\w*)[^\n]*\n(.*?)^```$/gms)].map((match) => {
    const line = text.slice(0, match.index).split('\n').length;
    return { name: `${file}:${line}`, language: match[1] ?? '', code: match[2] ?? '' };
  });
}

/** A file name for an example. */
export function fileName(example: Example, extension: string): string {
  return `${example.name.replace(/\W/g, '-')}.${extension}`;
}
