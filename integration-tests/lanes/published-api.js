// Reads the published declarations: the exports of each subpath, and every type that these use.
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';

export function publishedApi(project) {
  const ts = createRequire(join(project, 'program.js'))('typescript');
  const installed = join(project, 'node_modules/mqtrace');
  const manifest = createRequire(join(project, 'program.js'))('mqtrace/package.json');
  const entries = Object.entries(manifest.exports)
    .filter(([, target]) => typeof target === 'object')
    .map(([subpath, target]) => ({
      subpath: subpath.replace(/^\./, 'mqtrace'),
      file: join(installed, target.default.types),
    }));
  const program = ts.createProgram(
    entries.map(({ file }) => file),
    {
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      strict: true,
      types: ['node'],
    },
  );
  const checker = program.getTypeChecker();
  const printer = ts.createPrinter({ removeComments: true });
  const resolve = (symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol);
  const isOurs = (node) => !relative(installed, node.getSourceFile().fileName).startsWith('..');
  const print = (node) => {
    const statement = ts.isVariableDeclaration(node) ? node.parent.parent : node;
    return printer.printNode(ts.EmitHint.Unspecified, statement, node.getSourceFile());
  };
  const text = (symbol) => symbol.declarations.map(print).join('\n');

  const nodes = new Map();
  const mention = (symbol) => {
    if (nodes.has(symbol) || !symbol.declarations?.some(isOurs)) return;
    nodes.set(symbol, symbol.declarations);
    const visit = (node) => {
      if (ts.isIdentifier(node) && ts.isPartOfTypeNode(node.parent ?? node)) follow(node);
      else if (
        ts.isIdentifier(node) &&
        (ts.isTypeQueryNode(node.parent) || ts.isExpressionWithTypeArguments(node.parent))
      )
        follow(node);
      ts.forEachChild(node, visit);
    };
    const follow = (identifier) => {
      const found = checker.getSymbolAtLocation(identifier);
      if (found !== undefined) mention(topLevel(resolve(found)));
    };
    for (const declaration of symbol.declarations) visit(declaration);
  };
  const topLevel = (symbol) =>
    symbol.declarations?.some(
      (node) =>
        ts.isSourceFile(node.parent) || (ts.isVariableDeclaration(node) && ts.isSourceFile(node.parent.parent.parent)),
    )
      ? symbol
      : { declarations: [] };

  const subpaths = entries.map(({ subpath, file }) => {
    const module = checker.getSymbolAtLocation(program.getSourceFile(file));
    const exported = checker.getExportsOfModule(module).map((symbol) => [symbol.name, resolve(symbol)]);
    for (const [, symbol] of exported) mention(symbol);
    return { subpath, exports: exported.toSorted(([a], [b]) => (a < b ? -1 : 1)) };
  });

  const named = new Map();
  for (const { subpath, exports } of subpaths)
    for (const [, symbol] of exports) if (!named.has(symbol)) named.set(symbol, subpath);
  const unnamed = [...nodes.keys()].filter((symbol) => !named.has(symbol));

  return {
    subpaths: subpaths.map(({ subpath, exports }) => ({
      subpath,
      exports: exports.map(([name, symbol]) => ({
        name,
        text: text(symbol),
        sameAs: named.get(symbol) === subpath ? undefined : named.get(symbol),
      })),
    })),
    unnamed: unnamed
      .map((symbol) => ({ name: symbol.name, text: text(symbol) }))
      .toSorted((a, b) => (a.text < b.text ? -1 : 1)),
    strictlyOptional: [...nodes.values()].flat().flatMap((declaration) => {
      const found = [];
      const visit = (node) => {
        if (
          (ts.isPropertySignature(node) || ts.isPropertyDeclaration(node)) &&
          node.questionToken &&
          !acceptsUndefined(node.type)
        )
          found.push(`${declaration.name?.text}.${node.name.getText()}`);
        ts.forEachChild(node, visit);
      };
      visit(declaration);
      return found;
    }),
  };

  function acceptsUndefined(type) {
    const kinds = new Set([ts.SyntaxKind.UndefinedKeyword, ts.SyntaxKind.UnknownKeyword, ts.SyntaxKind.AnyKeyword]);
    return (
      type !== undefined &&
      (ts.isUnionTypeNode(type) ? type.types.some(({ kind }) => kinds.has(kind)) : kinds.has(type.kind))
    );
  }
}
