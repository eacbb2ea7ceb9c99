/**
 * The channel binding of a socket to a backend: `tls-server-end-point` of the certificate it shows (RFC 5929 section 4).
 *
 * @module
 */

import { tlsServerEndPoint } from '../kerberos/index.ts'
import type { Channel } from './backend.ts'

/** Channel bindings by certificate: computed once per socket, since each socket hands out one object. */
const bindings = new WeakMap<Uint8Array, Uint8Array>()

/**
 * What a token for this socket is bound to.
 *
 * @param channel - The socket that the request travels on.
 * @returns Application data of the channel binding; undefined without TLS.
 * @throws KerberosError ERR_KRB_CHANNEL_BINDING for a certificate whose signature names no hash.
 */
export function bindingOf(channel: Channel): Uint8Array | undefined {
  const { certificate } = channel
  if (certificate === undefined) return undefined
  let binding = bindings.get(certificate)
  if (binding === undefined) {
    binding = tlsServerEndPoint(certificate)
    bindings.set(certificate, binding)
  }
  return binding
}
