/** What a domain controller answers to an LDAP ping, written by a second hand, and one that answers so over UDP. */

import { createSocket, type Socket } from 'node:dgram'

/** Fields of a NETLOGON_SAM_LOGON_RESPONSE_EX. */
export interface NetlogonFields {
  readonly opcode?: number
  readonly flags?: number
  readonly names?: readonly string[]
  readonly ntVersion?: number
  /** Between the names and NtVersion. */
  readonly optional?: Buffer
}

/** DNS-style octets of a name, without compression. */
export function nameOctets(name: string): Buffer {
  const labels = name === '' ? [] : name.split('.')
  const parts = labels.flatMap((label) => [Buffer.of(Buffer.byteLength(label)), Buffer.from(label)])
  return Buffer.concat([...parts, Buffer.of(0)])
}

/** The eight names of a controller of corp.example that sees its client in a site. */
export function namesOf(clientSite: string, domain = 'corp.example'): readonly string[] {
  return [domain, domain, `dc1.${domain}`, 'CORP', 'DC1', '', 'Default-First-Site-Name', clientSite]
}

/** Octets of a NETLOGON_SAM_LOGON_RESPONSE_EX (MS-ADTS 6.3.1.9). */
export function netlogonOctets(fields: NetlogonFields = {}): Buffer {
  const { opcode = 23, flags = 0x1bd, names = namesOf('Branch'), ntVersion = 5 } = fields
  const head = Buffer.alloc(24)
  head.writeUInt16LE(opcode, 0)
  head.writeUInt32LE(flags, 4)
  const trailer = Buffer.alloc(8, 0xff)
  trailer.writeUInt32LE(ntVersion)
  return Buffer.concat([head, ...names.map(nameOctets), fields.optional ?? Buffer.of(), trailer])
}

/** BER with lengths in four octets, as Active Directory writes them. */
function long(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  const head = Buffer.from([tag, 0x84, 0, 0, 0, 0])
  head.writeUInt32BE(content.length, 2)
  return Buffer.concat([head, content])
}

const short = (tag: number, content: Uint8Array): Buffer =>
  Buffer.concat([Buffer.of(tag, content.length), content])
const text = (value: string): Buffer => short(4, Buffer.from(value))

/** A message number as BER writes it. */
function idOctets(messageId: number): Buffer {
  const octets = Buffer.alloc(5)
  octets.writeUInt32BE(messageId, 1)
  let from = 0
  while (from < 4 && octets[from] === 0 && (octets[from + 1] ?? 0) < 0x80) from++
  return short(2, octets.subarray(from))
}

/** The end of a search. */
export function searchDone(messageId: number, resultCode = 0): Buffer {
  const done = long(0x65, short(10, Buffer.of(resultCode)), text(''), text(''))
  return long(0x30, idOctets(messageId), done)
}

/** A search's entry with the attribute Netlogon. */
export function searchEntry(messageId: number, value: Uint8Array, attribute = 'netlogon'): Buffer {
  const attributes = long(0x30, long(0x30, text(attribute), long(0x31, long(4, value))))
  return long(0x30, idOctets(messageId), long(0x64, text(''), attributes))
}

/** Answers pings on UDP. */
export class DomainController {
  /** Datagrams that came. */
  readonly heard: Buffer[] = []
  /** What it answers: to a message number, undefined for nothing. */
  answer: (messageId: number) => Uint8Array | undefined = (messageId) =>
    Buffer.concat([searchEntry(messageId, netlogonOctets()), searchDone(messageId)])
  readonly #socket: Socket = createSocket('udp4')

  /** Listens on an address; port 0 chooses one. */
  static async start(address: string, port = 0): Promise<DomainController> {
    const controller = new DomainController()
    controller.#socket.on('message', (ping, peer) => {
      controller.heard.push(ping)
      const [, length = 0] = ping.subarray(ping.indexOf(2))
      const at = ping.indexOf(2) + 2
      const answer = controller.answer(ping.readUIntBE(at, length))
      if (answer !== undefined) controller.#socket.send(answer, peer.port, peer.address)
    })
    await new Promise<void>((resolve) => {
      controller.#socket.bind(port, address, resolve)
    })
    return controller
  }

  get address(): { readonly host: string; readonly port: number } {
    const { address: host, port } = this.#socket.address()
    return { host, port }
  }

  stop(): void {
    this.#socket.close()
  }
}
