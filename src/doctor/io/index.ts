/**
 * The doctor's outside: facts of this host, of peers and of backends.
 *
 * @module
 */

export { fipsFacts, lookAtFile, nameQuestions, ownUser, type NameQuestions } from './host-facts.ts'
export { peekTls, timeTcp, type PeekOptions, type PeerPlace } from './peer.ts'
