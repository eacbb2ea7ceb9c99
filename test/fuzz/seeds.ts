/** Seeds from fixtures/: octets that other implementations made. */

import { readFileSync } from 'node:fs'

function textOf(path: string): string {
  return readFileSync(new URL(`../../fixtures/${path}`, import.meta.url), 'utf8').trim()
}

function linesOf(path: string, encoding: 'base64' | 'hex'): readonly [string, Buffer][] {
  return textOf(path)
    .split('\n')
    .map((line) => {
      const [name = '', octets = ''] = line.split(' ')
      return [name, Buffer.from(octets, encoding)]
    })
}

const CAPTURED = linesOf('fuzz/samba-4.22.txt', 'base64')

/** What was captured from the lab under a name, without the part after its colon. */
export function captured(kind: string): readonly Buffer[] {
  const found = CAPTURED.filter(([name]) => name.split(':')[0] === kind).map(([, octets]) => octets)
  if (found.length === 0) throw new RangeError(`nothing of kind ${kind} was captured`)
  return found
}

const MIT_MADE = linesOf('fuzz/mit-1.20.txt', 'base64')

/** What MIT's library and tools wrote, by a name that begins so. */
export function mitMade(kind: string): readonly Buffer[] {
  return MIT_MADE.filter(([name]) => name.startsWith(`${kind}:`)).map(([, octets]) => octets)
}

const PKI = new Map(linesOf('fuzz/pki.txt', 'base64'))

/** A certificate or request of our own that was kept. */
export function keptPki(name: 'ca' | 'server' | 'connector' | 'request'): Buffer {
  return PKI.get(name) ?? Buffer.alloc(0)
}

/** Certificates of every signature algorithm. */
export const CERTIFICATES: readonly Buffer[] = linesOf('kerberos/certificates.txt', 'base64').map(
  ([, octets]) => octets,
)

const MIT = new Map(linesOf('kerberos/mit-messages.txt', 'hex'))

/** MIT krb5's octets of a message, with and without its optional fields. */
export function mitMessages(name: string): readonly Buffer[] {
  return [MIT.get(name), MIT.get(`${name}-bare`)].filter((octets) => octets !== undefined)
}

/** The PACs of fixtures/kerberos. */
export const PACS: readonly Buffer[] = [
  'windows-2003-pac.hex',
  'samba-4.22-pac.hex',
  'samba-4.22-s4u2self-pac.hex',
].map((file) => Buffer.from(textOf(`kerberos/${file}`).replaceAll(/\s/g, ''), 'hex'))
