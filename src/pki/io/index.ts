/**
 * The pki room's adapter: state files.
 *
 * @module
 */

export {
  AUTHORITY_FILE,
  loadAuthority,
  loadServerCertificate,
  SERVER_FILE,
} from './gateway-state.ts'
export {
  createStateDirectory,
  readStateFile,
  writeStateFiles,
  type StateFiles,
} from './private-files.ts'
