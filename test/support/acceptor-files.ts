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
import { encodeKeytab, newCcache, type KeytabEntry } from '../../src/kerberos/files/index.ts'
import { Initiator } from '../../src/kerberos/gss/index.ts'
import type { ServiceTicket } from '../../src/kerberos/index.ts'
import { writeCcacheFile } from '../../src/kerberos/io/index.ts'
import { parsePrincipal, type EncTicketPart } from '../../src/kerberos/messages/index.ts'
import { systemClock, systemRandom } from '../../src/platform/io/index.ts'
import { makeServiceTicket } from './service-ticket.ts'

const REALM = 'CORP.EXAMPLE'

/** No question to the DNS: a resolver that does not know the name may take its 5 seconds to say so. */
const KRB5_CONF = `[libdefaults]
  default_realm = ${REALM}
  dns_canonicalize_hostname = false
  rdns = false
`

const HOUR_MS = 3_600_000

/** Files and the matching initiator. */
export interface AcceptorFiles {
  /** KRB5_KTNAME, KRB5_CONFIG and KRB5RCACHENAME. */
  readonly environment: Readonly<Record<string, string>>
  /** What is in the keytab. */
  readonly keytab: readonly KeytabEntry[]
  /** A ticket for `HTTP/iwa.corp.example` as this user, begun a minute ago. */
  ticketFor(user: string, etype?: number, part?: Partial<EncTicketPart>): ServiceTicket
  /** Writes a ticket into a credential cache in the folder. The environment of who uses it: KRB5CCNAME and KRB5_CONFIG. */
  cacheFor(ticket: ServiceTicket): Promise<Readonly<Record<string, string>>>
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
  const entry = { principal, realm: REALM, kvno: 300, timestampMs: Date.now() }
  const keytab = [17, 18, 19, 20].map((etype) => ({
    ...entry,
    key: generateKey(etype, systemRandom),
  }))
  writeFileSync(join(folder, 'keytab'), encodeKeytab(keytab))
  const KRB5_CONFIG = join(folder, 'krb5.conf')
  writeFileSync(KRB5_CONFIG, KRB5_CONF)
  let caches = 0
  const ticketFor: AcceptorFiles['ticketFor'] = (user, etype = 18, part = {}) => {
    const serviceKey = keytab.find(({ key }) => key.etype === etype)?.key
    if (serviceKey === undefined) throw new RangeError(`no key of etype ${etype}`)
    // A minute ago: the acceptor compares with its own clock, and only the start must not lie ahead.
    const startTimeMs = Math.floor(Date.now() / 1000) * 1000 - 60_000
    const client = `${user}@${REALM}`
    const settings = { client, server, serviceKey, kvno: entry.kvno, startTimeMs, part }
    const times = { authTimeMs: startTimeMs, startTimeMs, endTimeMs: startTimeMs + HOUR_MS }
    return { ...makeServiceTicket(settings, systemRandom), flags: 0, ...times }
  }
  return {
    environment: {
      KRB5_KTNAME: `FILE:${join(folder, 'keytab')}`,
      KRB5_CONFIG,
      KRB5RCACHENAME: `file2:${join(folder, 'replay')}`,
    },
    keytab,
    ticketFor,
    initiatorFor: (user, etype) =>
      new Initiator(ticketFor(user, etype), { clock: systemClock, random: systemRandom }),
    async cacheFor(ticket) {
      const path = join(folder, `cache${++caches}`)
      await writeCcacheFile(path, newCcache([ticket]))
      return { KRB5CCNAME: `FILE:${path}`, KRB5_CONFIG }
    },
    remove() {
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
