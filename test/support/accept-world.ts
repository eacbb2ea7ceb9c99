/**
 * A service with keys, clients with tickets for it, and tokens that say whatever a test wants.
 *
 * @module
 */

import {
  checksum,
  encrypt,
  generateKey,
  type EncryptionKey,
} from '../../src/kerberos/crypto/index.ts'
import { Acceptor, type AcceptorOptions, type KeytabEntry } from '../../src/kerberos/index.ts'
import { Initiator, type InitiatorTicket } from '../../src/kerberos/gss/index.ts'
import { KeyUsage } from '../../src/kerberos/iana/index.ts'
import {
  encodeApReq,
  encodeAuthenticator,
  encodeAuthorizationData,
  encodeEncTicketPart,
  parsePrincipal,
  type Authenticator,
  type AuthorizationData,
  type EncTicketPart,
} from '../../src/kerberos/messages/index.ts'
import type { Random } from '../../src/platform/index.ts'
import { systemRandom } from '../../src/platform/io/index.ts'
import { ManualClock } from './manual-clock.ts'
import { encodePac, type PacContent, type PacSigner } from './pac-writer.ts'
import { makeServiceTicket, type ServiceTicketSettings } from './service-ticket.ts'

/** The service, unless a test names another. */
export const SERVICE = 'HTTP/iwa.corp.example@CORP.EXAMPLE'
/** The client, unless a test names another. */
export const CLIENT = 'alice@CORP.EXAMPLE'

/** What the test's ticket says otherwise. */
export type TicketChanges = Partial<ServiceTicketSettings> & { readonly etype?: number }

/** A PAC signer by a key. */
export function pacSigner(key: EncryptionKey, type = 16): PacSigner {
  return { type, sign: (data) => checksum(key, KeyUsage.KERB_NON_KERB_CKSUM, data) }
}

/** Puts a PAC where a KDC puts it. */
export function withPac(pac: Uint8Array): AuthorizationData {
  return [{ adType: 1, adData: encodeAuthorizationData([{ adType: 128, adData: pac }]) }]
}

/** A service and its clients, on a clock that stands still. */
export class AcceptWorld {
  readonly clock: ManualClock = new ManualClock()
  readonly keys: readonly EncryptionKey[] = [17, 18, 19, 20].map((etype) =>
    generateKey(etype, systemRandom),
  )
  readonly kdcKey: EncryptionKey = generateKey(18, systemRandom)

  keyOf(etype = 18): EncryptionKey {
    const key = this.keys.find((candidate) => candidate.etype === etype)
    if (key === undefined) throw new RangeError(`no key of etype ${etype}`)
    return key
  }

  /** The keytab, for one name or more. */
  keytab(services: readonly string[] = [SERVICE], kvno = 3): readonly KeytabEntry[] {
    return services.flatMap((service) => {
      const { principal, realm = '' } = parsePrincipal(service)
      return this.keys.map((key) => ({ principal, realm, kvno, timestampMs: 0, key }))
    })
  }

  acceptor(options: Partial<AcceptorOptions> = {}): Acceptor {
    return new Acceptor({ keys: this.keytab(), ...options }, this.ports)
  }

  get ports(): { readonly clock: ManualClock; readonly random: Random } {
    return { clock: this.clock, random: systemRandom }
  }

  ticket({ etype = 18, ...changes }: TicketChanges = {}): InitiatorTicket {
    return makeServiceTicket(
      {
        client: CLIENT,
        server: SERVICE,
        serviceKey: this.keyOf(etype),
        kvno: 3,
        startTimeMs: this.clock.nowMs(),
        ...changes,
      },
      systemRandom,
    )
  }

  initiator(changes: TicketChanges = {}): Initiator {
    return new Initiator(this.ticket(changes), this.ports)
  }

  /** A PAC about alice, with all four signatures where the ticket is given that it is for. */
  pac(content: Partial<PacContent> = {}, part?: EncTicketPart): Uint8Array {
    const bare = part && encodeEncTicketPart({ ...part, authorizationData: withPac(Buffer.of(0)) })
    const about = {
      effectiveName: 'alice',
      logonDomainName: 'CORP',
      logonDomainSid: 'S-1-5-21-1-2-3',
      userId: 1104,
      groupIds: [513],
      authTimeMs: this.clock.nowMs(),
      ...content,
    }
    const signers = { server: pacSigner(this.keyOf()), kdc: pacSigner(this.kdcKey) }
    return encodePac(about, bare === undefined ? signers : { ...signers, ticket: bare })
  }

  /** A bare AP-REQ whose authenticator says whatever a test wants. */
  apReq(
    changes: Partial<Authenticator> = {},
    more: { readonly ticket?: InitiatorTicket; readonly apOptions?: number } = {},
  ): Uint8Array {
    const { ticket = this.ticket(), apOptions = 0x20000000 } = more
    const nowMs = this.clock.nowMs()
    const authenticator = encodeAuthenticator({
      crealm: ticket.clientRealm,
      cname: ticket.client,
      cksum: { cksumtype: 0x8003, checksum: gssChecksum() },
      cusec: 0,
      ctimeMs: Math.floor(nowMs / 1000) * 1000,
      subkey: generateKey(ticket.sessionKey.etype, systemRandom),
      seqNumber: 1,
      ...changes,
    })
    const { sessionKey } = ticket
    const cipher = encrypt(sessionKey, KeyUsage.AP_REQ_AUTHENTICATOR, authenticator, systemRandom)
    return encodeApReq({
      apOptions,
      ticket: ticket.ticket,
      authenticator: { etype: sessionKey.etype, cipher },
    })
  }
}

/** The field 0x8003 with flags and what follows them. */
export function gssChecksum(flags = 2, rest: Uint8Array = new Uint8Array(0)): Uint8Array {
  const field = Buffer.alloc(24)
  field.writeUInt32LE(16, 0)
  field.writeUInt32LE(flags, 20)
  return Buffer.concat([field, rest])
}
