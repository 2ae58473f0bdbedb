import { expect, test } from 'vitest';
import type { SopsComment, SopsEntry, SopsNode } from './sops-tree.ts';
import { readPlainScalar } from './yaml-scalar.ts';
import { parseYamlTree } from './yaml-tree.ts';

// The path of a comment is authenticated with it, so sops decrypts it only where sops itself would put it. Compared with
// what sops 3.9.4 does with files like this one.
test('each comment is in the map or list that sops sees it in, before what it is about', () => {
  const text = `# top

a: # beside a
    # head b
    b: 1 # beside b
    # foot b
    l: # beside l
        # head x
        - x # beside x
        # head y
        - y
        # foot y
    # foot l
# foot a

# head c
c: | # beside c
  # not a comment
d:
- p
# in d
- - q
  # in q
- "# none"
e: {f: 1, # beside f
  g: 2} # of e
h: [1] # of h
# end
`;
  expect(outline(parseYamlTree(text))).toMatchInlineSnapshot(`
    "(map)
      # top
      # beside a
      a:
        (map)
          # head b
          # beside b
          b:
            1
          # foot b
          # beside l
          l:
            (list)
              # head x
              # beside x
              x
              # head y
              y
              # foot y
          # foot l
      # foot a
      # head c
      # beside c
      c:
        # not a comment
      d:
        (list)
          p
          # in d
          (list)
            q
            # in q
          # none
      e:
        (map)
          # of e
          # beside f
          f:
            1
          g:
            2
      h:
        (list)
          # of h
          1
      # end
    "
  `);
});

test('plain scalars are what they are to Go', () => {
  const check = (source: string, type: string | undefined, canonical?: string): void => {
    const scalar = readPlainScalar(source);
    expect(scalar?.type, source).toBe(type);
    if (canonical !== undefined) expect(Buffer.from(scalar?.bytes ?? []).toString(), source).toBe(canonical);
  };
  check('12', 'int', '12');
  check('+12', 'int', '12');
  check('-0x1F', 'int', '-31');
  check('0o17', 'int', '15');
  check('017', 'int', '15');
  check('0b101', 'int', '5');
  check('1_000', 'int', '1000');
  check('9223372036854775807', 'int', '9223372036854775807');
  check('9223372036854775808', 'float', '9223372036854776000');
  check('019', 'float', '19');
  check('1.50', 'float', '1.5');
  check('.5', 'float', '0.5');
  check('1e3', 'float', '1000');
  check('-.inf', 'float', '-Inf');
  check('.nan', 'float', 'NaN');
  check('True', 'bool', 'True');
  check('yes', 'str', 'yes');
  check('tRUE', 'str', 'tRUE');
  check('1.2.3', 'str', '1.2.3');
  check('0x', 'str', '0x');
  check('12:30', 'str', '12:30');
  check('e5', 'str', 'e5');
  for (const source of ['', '~', 'null', 'NULL']) expect(readPlainScalar(source)).toBeNull();
  for (const source of ['2020-01-02', '2020-1-2 10:00:00', '2020-01-02T10:00:00Z']) {
    expect(readPlainScalar(source)).toBeUndefined();
  }
});

function outline(node: SopsNode | SopsEntry | SopsComment, indent = ''): string {
  if (node.kind === 'comment') return `${indent}#${node.text}\n`;
  if (node.kind === 'leaf')
    return `${indent}${Buffer.from(node.scalar?.bytes ?? [])
      .toString()
      .trim()}\n`;
  if (node.kind === 'entry') return `${indent}${node.key}:\n${outline(node.value, `${indent}  `)}`;
  return `${indent}(${node.kind})\n${node.items.map((item) => outline(item, `${indent}  `)).join('')}`;
}
