export { decryptSops, readSops, type ReadSopsOptions, type SopsFile } from './sops/read-sops.ts';
export { type SopsFormat, sopsFormatOf } from './sops/sops-format.ts';
export type { SopsRuleName, SopsRules } from './sops/sops-rules.ts';
export type { SopsScalarValue } from './sops/sops-scalar.ts';
export type { TextPosition } from './sops/sops-tree.ts';
export type { SopsValue, SopsValues } from './sops/sops-values.ts';
export { encryptSops, updateSops, writeSops, type WriteSopsOptions } from './sops/write-sops.ts';
