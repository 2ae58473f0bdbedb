export { decryptFile, decryptFileTo, encryptFile } from './encrypted-file.ts';
export {
  createIdentityFile,
  ensureIdentityFile,
  personalIdentityPath,
  readIdentityFile,
  readProcessIdentities,
} from './identity-file.ts';
