/** The password server of a MemoryKdc's realm (RFC 3244), behind the KdcTransport port, with the faults that a real one will not produce. */

import { decrypt, encrypt, type EncryptionKey } from '../../src/kerberos/crypto/index.ts'
import type { KdcTransport } from '../../src/kerberos/client-options.ts'
import { KeyUsage, TicketFlag } from '../../src/kerberos/iana/index.ts'
import {
  ChangePasswordResult,
  decodeApReq,
  decodeAuthenticator,
  decodeChangePasswordRequest,
  decodeEncKrbPrivPart,
  decodeEncTicketPart,
  decodeKrbPriv,
  decodeTicket,
  encodeApRep,
  encodeChangePasswordAnswer,
  encodeChangePasswordReply,
  encodeEncApRepPart,
  encodeEncKrbPrivPart,
  encodeKrbError,
  encodeKrbPriv,
  type ChangePasswordAnswer,
  type EncApRepPart,
} from '../../src/kerberos/messages/index.ts'
import { random } from './kerberos-world.ts'
import type { MemoryKdc } from './memory-kdc/index.ts'

/** What it, or the wire, does wrong. */
export interface PasswordServerTricks {
  /** Answers so, and changes nothing. */
  refuse?: ChangePasswordAnswer
  /** Someone on the wire answers so, after the change was made. */
  forge?: ChangePasswordAnswer
  /** Fails with this after the change was made. */
  loseReply?: Error
  /** Fails with this before anything is done. */
  loseRequest?: Error
  /** Proves itself with another time. */
  apRep?: (part: EncApRepPart) => EncApRepPart
  /** Changes the reply's octets. */
  octets?: (reply: Uint8Array) => Uint8Array
}

const SENDER = { addrType: 2, address: Uint8Array.of(127, 0, 0, 1) }

/** The server. */
export class MemoryPasswordServer implements KdcTransport {
  tricks: PasswordServerTricks = {}
  /** Passwords that were set, in order. */
  readonly passwords: string[] = []
  readonly #kdc: MemoryKdc
  readonly #key: EncryptionKey

  /** Adds its account to the KDC. */
  constructor(kdc: MemoryKdc) {
    this.#kdc = kdc.add({ name: 'kadmin/changepw' })
    const [entry] = kdc.keytab('kadmin/changepw')
    if (entry === undefined) throw new Error('no key')
    this.#key = entry.key
  }

  exchange(_realm: string, request: Uint8Array): Promise<Uint8Array> {
    return Promise.resolve().then(() => this.#answer(request))
  }

  #answer(request: Uint8Array): Uint8Array {
    const { tricks } = this
    if (tricks.loseRequest !== undefined) throw tricks.loseRequest
    const { apReq, krbPriv } = decodeChangePasswordRequest(request)
    const { ticket, authenticator } = decodeApReq(apReq)
    const opened = decodeEncTicketPart(
      decrypt(this.#key, KeyUsage.TICKET, decodeTicket(ticket).encPart.cipher),
    )
    const plain = decrypt(opened.key, KeyUsage.AP_REQ_AUTHENTICATOR, authenticator.cipher)
    const { subkey, ctimeMs, cusec } = decodeAuthenticator(plain)
    if (subkey === undefined) throw new Error('no subkey')
    const { cipher } = decodeKrbPriv(krbPriv).encPart
    const part = decodeEncKrbPrivPart(decrypt(subkey, KeyUsage.KRB_PRIV_ENC_PART, cipher))
    const initial = (opened.flags & TicketFlag.INITIAL) !== 0
    const answer = initial ? this.#change(opened.cname.nameString, part.userData) : NOT_INITIAL
    if (tricks.loseReply !== undefined) throw tricks.loseReply
    if (tricks.forge !== undefined) return this.#error(tricks.forge)
    const proof = tricks.apRep?.({ ctimeMs, cusec }) ?? { ctimeMs, cusec }
    const reply = encodeChangePasswordReply({
      apRep: sealedApRep(opened.key, proof),
      krbPriv: sealedAnswer(subkey, answer),
    })
    return tricks.octets?.(reply) ?? reply
  }

  #change([name = '']: readonly string[], password: Uint8Array): ChangePasswordAnswer {
    if (this.tricks.refuse !== undefined) return this.tricks.refuse
    const text = Buffer.from(password).toString('utf8')
    this.#kdc.directory.changeKey(name, text)
    this.passwords.push(text)
    return { code: ChangePasswordResult.SUCCESS, text: 'Password changed' }
  }

  #error(answer: ChangePasswordAnswer): Uint8Array {
    const krbError = encodeKrbError({
      stimeMs: 0,
      susec: 0,
      errorCode: 60,
      realm: this.#kdc.directory.realm,
      sname: { nameType: 2, nameString: ['kadmin', 'changepw'] },
      eData: encodeChangePasswordAnswer(answer),
    })
    return encodeChangePasswordReply({ krbError })
  }
}

const NOT_INITIAL = { code: ChangePasswordResult.INITIAL_FLAG_NEEDED, text: 'not initial' }

function sealedApRep(key: EncryptionKey, part: EncApRepPart): Uint8Array {
  const cipher = encrypt(key, KeyUsage.AP_REP_ENC_PART, encodeEncApRepPart(part), random)
  return encodeApRep({ encPart: { etype: key.etype, cipher } })
}

function sealedAnswer(key: EncryptionKey, answer: ChangePasswordAnswer): Uint8Array {
  const userData = encodeChangePasswordAnswer(answer)
  const plain = encodeEncKrbPrivPart({ userData, seqNumber: 1, senderAddress: SENDER })
  const cipher = encrypt(key, KeyUsage.KRB_PRIV_ENC_PART, plain, random)
  return encodeKrbPriv({ encPart: { etype: key.etype, cipher } })
}
