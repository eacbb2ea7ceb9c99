/**
 * The doctor's outside: facts of this host, of peers and of backends.
 *
 * @module
 */

export { backendProbe } from './backend-probe.ts'
export { fipsFacts, lookAtFile, nameQuestions, ownUser, type NameQuestions } from './host-facts.ts'
export { peekTls, timeTcp, type PeekOptions, type PeerPlace } from './peer.ts'
