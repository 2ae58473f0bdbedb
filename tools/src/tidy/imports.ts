import { parseSync } from 'oxc-parser';

/** `isTypeOnly` is true for `import type` and `export type … from`, which leave nothing behind at run time. */
export type Import = { readonly file: string; readonly specifier: string; readonly isTypeOnly: boolean };

/**
 * Every module that `text` names: imports, re-exports and `import('literal')`. Empty for a file that does not parse: the
 * compiler says it better.
 */
export function readImports(file: string, text: string): Import[] {
  const { module } = parseSync(file, text);
  const stated = module.staticImports.map(({ moduleRequest, start, end }) => ({
    file,
    specifier: moduleRequest.value,
    isTypeOnly: isTypeStatement(text.slice(start, end)),
  }));
  const reexported = module.staticExports.flatMap(({ entries, start, end }) =>
    entries.flatMap(({ moduleRequest }) =>
      moduleRequest === null
        ? []
        : [{ file, specifier: moduleRequest.value, isTypeOnly: isTypeStatement(text.slice(start, end)) }],
    ),
  );
  const dynamic = module.dynamicImports.flatMap(({ moduleRequest }) => {
    const specifier = /^(['"])(.*)\1$/.exec(text.slice(moduleRequest.start, moduleRequest.end))?.[2];
    return specifier === undefined ? [] : [{ file, specifier, isTypeOnly: false }];
  });
  return distinct([...stated, ...reexported, ...dynamic]);
}

/** The package that a bare specifier names, like `@plumb/kv` for `@plumb/kv/server`; undefined for paths and `node:`. */
export function packageOf(specifier: string): string | undefined {
  return /^(?!node:)((?:@[^/]+\/)?[^./][^/]*)/.exec(specifier)?.[1];
}

function isTypeStatement(statement: string): boolean {
  return /^(?:import|export)\s+type\s*(?:[{*]|\w+\s+from\b)/.test(statement);
}

function distinct(imports: readonly Import[]): Import[] {
  const byKey = new Map(imports.map((one) => [`${one.specifier} ${one.isTypeOnly}`, one]));
  return [...byKey.values()];
}
