/**
 * What an MIT acceptor needs, in a folder of its own: keytab, krb5.conf, replay cache. And a ticket for it, made with
 * the key in that keytab, so that no KDC takes part.
 *
 * @module
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKey } from '../../src/kerberos/crypto/index.ts'
import { encodeKeytab } from '../../src/kerberos/files/index.ts'
import { Initiator } from '../../src/kerberos/gss/index.ts'
import { parsePrincipal } from '../../src/kerberos/messages/index.ts'
import { systemClock, systemRandom } from '../../src/platform/io/index.ts'
import { makeServiceTicket } from './service-ticket.ts'

const REALM = 'CORP.EXAMPLE'

/** No question to the DNS: a resolver that does not know the name may take its 5 seconds to say so. */
const KRB5_CONF = `[libdefaults]
  default_realm = ${REALM}
  dns_canonicalize_hostname = false
  rdns = false
`

/** Files and the matching initiator. */
export interface AcceptorFiles {
  /** KRB5_KTNAME, KRB5_CONFIG and KRB5RCACHENAME. */
  readonly environment: Readonly<Record<string, string>>
  /** Makes tokens for `HTTP/iwa.corp.example` as this user. */
  initiatorFor(user: string, etype?: number): Initiator
  /** Removes the folder. */
  remove(): void
}

/**
 * Makes the files.
 *
 * @returns Their environment, and initiators for the service in the keytab.
 */
export function makeAcceptorFiles(): AcceptorFiles {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-acceptor-'))
  const server = `HTTP/iwa.corp.example@${REALM}`
  const { principal } = parsePrincipal(server)
  const keys = [17, 18, 19, 20].map((etype) => generateKey(etype, systemRandom))
  const entry = { principal, realm: REALM, kvno: 300, timestampMs: Date.now() }
  writeFileSync(join(folder, 'keytab'), encodeKeytab(keys.map((key) => ({ ...entry, key }))))
  writeFileSync(join(folder, 'krb5.conf'), KRB5_CONF)
  return {
    environment: {
      KRB5_KTNAME: `FILE:${join(folder, 'keytab')}`,
      KRB5_CONFIG: join(folder, 'krb5.conf'),
      KRB5RCACHENAME: `file2:${join(folder, 'replay')}`,
    },
    initiatorFor(user, etype = 18) {
      const serviceKey = keys.find((key) => key.etype === etype)
      if (serviceKey === undefined) throw new RangeError(`no key of etype ${etype}`)
      // A minute ago: the acceptor compares with its own clock, and only the start must not lie ahead.
      const startTimeMs = Date.now() - 60_000
      const client = `${user}@${REALM}`
      const settings = { client, server, serviceKey, kvno: entry.kvno, startTimeMs }
      const ticket = makeServiceTicket(settings, systemRandom)
      return new Initiator(ticket, { clock: systemClock, random: systemRandom })
    },
    remove() {
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
