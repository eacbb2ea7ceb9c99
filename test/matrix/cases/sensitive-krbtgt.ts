/**
 * A krbtgt that is sensitive and cannot be delegated. Samba stores the mark, and its KDC does not look at it: the wire writes what
 * a KDC does that looks (MS-KILE 3.3.5.1: no forwardable tickets), with the connector's key, since the reply proves which request it answers.
 */

import {
  checksum,
  checksumTypeOf,
  decrypt,
  encrypt,
  type EncryptionKey,
} from '../../../src/kerberos/crypto/index.ts'
import {
  ApplicationTag,
  KdcOption,
  KeyUsage,
  MessageType,
  PaType,
} from '../../../src/kerberos/iana/index.ts'
import { readKeytabFile } from '../../../src/kerberos/io/index.ts'
import {
  decodeEncKdcRepPart,
  decodeKdcRep,
  encodeChecksum,
  encodeEncKdcRepPart,
  encodeKdcRep,
  isKrbError,
} from '../../../src/kerberos/messages/index.ts'
import { systemRandom } from '../../../src/platform/io/index.ts'
import { honest, type Wiretap } from '../../support/kdc-proxy.ts'
import type { MatrixCase } from '../case.ts'
import { WiredKdc } from '../world/wired-kdc.ts'

/** kdc-options is the first field of a request's body, a BIT STRING of 32 (RFC 4120 section 5.4.1). */
const OPTIONS_HEAD = Buffer.of(0xa0, 7, 3, 5, 0)

/** The request as it is, but for the wish. */
function withoutForwardable(octets: Uint8Array, kdcOptions: number): Uint8Array {
  const options = Buffer.alloc(4)
  options.writeUInt32BE(kdcOptions)
  const changed = Buffer.from(octets)
  const at = changed.indexOf(Buffer.concat([OPTIONS_HEAD, options])) + OPTIONS_HEAD.length
  changed.writeUInt32BE((kdcOptions & ~KdcOption.FORWARDABLE) >>> 0, at)
  return new Uint8Array(changed)
}

/** The reply, proving that it answers this request (RFC 6806 section 11). */
function answering(request: Uint8Array, octets: Uint8Array, key: EncryptionKey): Uint8Array {
  const reply = decodeKdcRep(octets, MessageType.AS_REP)
  const part = decodeEncKdcRepPart(decrypt(key, KeyUsage.AS_REP_ENC_PART, reply.encPart.cipher))
  const padataValue = encodeChecksum({
    cksumtype: checksumTypeOf(key.etype),
    checksum: checksum(key, KeyUsage.AS_REQ, request),
  })
  const encryptedPaData = part.encryptedPaData?.map((one) =>
    one.padataType === PaType.PA_REQ_ENC_PA_REP ? { ...one, padataValue } : one,
  )
  const plain = encodeEncKdcRepPart({ ...part, encryptedPaData }, ApplicationTag.EncASRepPart)
  const cipher = encrypt(key, KeyUsage.AS_REP_ENC_PART, plain, systemRandom)
  return encodeKdcRep({ ...reply, encPart: { ...reply.encPart, cipher } })
}

/** A KDC that gives this account no forwardable ticket. */
function givingNoneForwardable(keytab: string): Wiretap {
  return async (intercepted) => {
    const { exchange, octets, request } = intercepted
    if (exchange !== 'AS') return honest(intercepted)
    const reply = await intercepted.ask(withoutForwardable(octets, request.body.kdcOptions))
    if (isKrbError(reply)) return reply
    const { etype } = decodeKdcRep(reply, MessageType.AS_REP).encPart
    const entry = (await readKeytabFile(keytab)).find(({ key }) => key.etype === etype)
    if (entry === undefined) throw new Error(`${keytab} has no key of type ${etype}`)
    return answering(octets, reply, entry.key)
  }
}

const kdc = new WiredKdc()

export const SENSITIVE_KRBTGT: MatrixCase = {
  id: 'krbtgt',
  name: 'krbtgt is sensitive and cannot be delegated',
  scripted: true,
  connector: {},
  serve: kdc.lay,
  configure: kdc.configure,
  breakIt: async ({ directory, connectorPrincipal }) => {
    await directory.samba('user', 'sensitive', 'krbtgt', 'on')
    await kdc.tap(givingNoneForwardable(directory.keytab(connectorPrincipal)))
  },
  startsAgain: true,
  code: 'ERR_KRB_NOT_FORWARDABLE',
  doctor: ['DOCTOR_KRBTGT_SENSITIVE', 'DOCTOR_S4U2SELF_NOT_FORWARDABLE'],
  mend: { printed: 'DOCTOR_KRBTGT_SENSITIVE', then: () => kdc.tap(honest) },
}
