/**
 * The pki room's adapter: state files.
 *
 * @module
 */

export { loadAuthority, loadServerCertificate } from './gateway-state.ts'
export {
  createStateDirectory,
  readStateFile,
  writeStateFiles,
  type StateFiles,
} from './private-files.ts'
